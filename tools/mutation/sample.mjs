/** Whether a mutant belongs to the sample: with `every` = 8, each eighth in the order of the code; `from` says which of the eight. */
export const isSampled = (id, every, from = 0) => Number(id) % every === from

/** For Stryker a checker, which sorts out what need not be run: here, what is not of the sample. */
const checker = {
  init: async () => {},
  check: async (mutants) => Object.fromEntries(mutants.map(({ id }) => [id, resultOf(id)])),
  group: async (mutants) => [mutants.map(({ id }) => id)],
}

const resultOf = (id) =>
  isSampled(id, Number(process.env.ANNEX_MUTATION_EVERY), Number(process.env.ANNEX_MUTATION_FROM ?? 0))
    ? { status: 'passed' }
    : { status: 'compileError', reason: 'not in the sample' }

export const strykerPlugins = [{ kind: 'Checker', name: 'sample', value: checker }]
