import { dirname } from 'node:path/posix'

/**
 * The tests that reach a change, file by file, in the order in which they are likeliest to notice it soon: those beside it, those of its group's
 * folder, the others; among these the ones that noticed a change of the same file before, then the quick ones. What goes beyond the budget, in
 * milliseconds of an undisturbed run, is left out, and `cut` says so.
 */
export function planOf({ mutant, tests, baseline, kills, budget }) {
  const steps = []
  for (const [file, ids] of byFile(tests, baseline)) {
    const cost = baseline.files[file].overhead + sum(ids.map((id) => baseline.tests[id].ms))
    steps.push({ file, ids, cost, far: farOf(file, mutant), kills: kills.get(`${mutant.path} ${file}`) ?? 0 })
  }
  steps.sort((a, b) => a.far - b.far || b.kills - a.kills || a.cost - b.cost)
  return within(steps, baseline, budget)
}

function within(steps, baseline, budget) {
  let left = budget
  let cut = false
  const chosen = steps.flatMap((step) => {
    const fitting = step.cost <= left ? step.ids : fittingOf(step, baseline, left)
    cut ||= fitting.length < step.ids.length
    if (fitting.length === 0) return []
    left -= baseline.files[step.file].overhead + sum(fitting.map((id) => baseline.tests[id].ms))
    return [{ file: step.file, ids: fitting }]
  })
  return { steps: chosen, cut }
}

// The quickest of a file, as many as there is time for.
function fittingOf({ file, ids }, baseline, left) {
  let rest = left - baseline.files[file].overhead
  return ids.toSorted((a, b) => baseline.tests[a].ms - baseline.tests[b].ms).filter((id) => (rest -= baseline.tests[id].ms) >= 0)
}

function byFile(tests, baseline) {
  const files = new Map()
  for (const id of tests) {
    const { file } = baseline.tests[id]
    files.set(file, [...(files.get(file) ?? []), id])
  }
  return files
}

function farOf(file, { path, home }) {
  if (file.startsWith(path.replace(/\.ts$/, '.'))) return 0
  if (dirname(file) === dirname(path)) return 1
  return file.startsWith(`${home}/`) ? 2 : 3
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)
