import { isSampled } from './sample.mjs'

/** The counts of one report of Stryker's, by status, with the survivors in the order of their files; of the sample and the group alone. */
export function countMutants({ files }, { every = 1, from = 0, holds = () => true } = {}) {
  const all = Object.entries(files).flatMap(([path, file]) => (holds(path) ? file.mutants.map((mutant) => ({ ...mutant, path })) : []))
  const mutants = all.filter(({ id }) => isSampled(id, every, from))
  const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length
  return {
    killed: count('Killed'),
    timedOut: count('Timeout'),
    survived: count('Survived'),
    uncovered: count('NoCoverage'),
    unable: count('RuntimeError', 'CompileError', 'Ignored', 'Pending'),
    survivors: mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage').toSorted(byPlace),
  }
}

/** Of those that could be run, how many were noticed, in percent; 100 where there was nothing to notice. */
function scoreOf({ killed, timedOut, survived, uncovered }) {
  const noticed = killed + timedOut
  const all = noticed + survived + uncovered
  return all === 0 ? 100 : (100 * noticed) / all
}

/** A group in words: one line of counts, then a line for each survivor. */
export function linesOf(name, counts) {
  const { killed, timedOut, survived, uncovered, unable, survivors } = counts
  const sum = `${name}: ${scoreOf(counts).toFixed(1)} % (killed ${killed}, timed out ${timedOut}, survived ${survived}, in no test ${uncovered}, not run ${unable})`
  return [sum, ...survivors.map(lineOf)]
}

function lineOf({ path, location, mutatorName, replacement = '', status }) {
  const short = replacement.replaceAll(/\s+/g, ' ').slice(0, 100)
  return `  ${path}:${location.start.line}:${location.start.column} ${mutatorName}${status === 'NoCoverage' ? ' (in no test)' : ''} -> ${short}`
}

const byPlace = (a, b) =>
  a.path.localeCompare(b.path) || a.location.start.line - b.location.start.line || a.location.start.column - b.location.start.column
