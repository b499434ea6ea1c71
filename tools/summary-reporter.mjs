/** A Vitest reporter that names what was skipped and why, and closes with one plain line: `N passed, N failed`. */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandled) {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const inState = (state) => tests.filter((test) => test.result().state === state)
    const skipped = inState('skipped')
    for (const test of skipped) console.log(`skipped: ${test.fullName}${noteOf(test)}`)
    console.log(
      closingLine(inState('passed').length, inState('failed').length + failuresAround(modules) + unhandled.length, skipped.length),
    )
  }
}

const noteOf = (test) => {
  const { note } = test.result()
  return note ? ` (${note})` : ''
}

// A file that cannot be loaded, or a hook that throws, fails no test: without these the line would say "0 failed".
function failuresAround(modules) {
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()])
  return suites.filter((suite) => suite.errors().length > 0).length
}

export function closingLine(passed, failed, skipped) {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`
}
