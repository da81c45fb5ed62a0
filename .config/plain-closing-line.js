// The last line of a test run is `N passed, N failed, N skipped`, for people and for .ci/run.
// Under CI a skipped test is a failure: a promise that was not checked is not kept.
export default class PlainClosingLine {
  #skipped = 0

  onRunComplete(_contexts, results) {
    this.#skipped = results.numPendingTests + results.numTodoTests
    // A file that cannot be loaded has no tests to count, so it counts as one that failed.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    // For end-test-run.js: whether what the servers said is of use to anybody.
    if (failed > 0) process.env.GONGDAO_TESTS_FAILED = 'yes'
    const line = `${results.numPassedTests} passed, ${failed} failed, ${this.#skipped} skipped`
    const why = this.getLastError()
    const lines = [...reasons(results), ...(why ? [why.message] : []), line, '']
    // jest prints its own summary after every other reporter; only the exit comes later.
    process.once('exit', () => process.stdout.write(lines.join('\n')))
  }

  /** jest takes it for a failure of the run, and does not print it. */
  getLastError() {
    const strict =
      process.env.CI !== undefined && process.env.CI !== '' && process.env.CI !== 'false'
    if (!strict || this.#skipped === 0) return undefined
    return new Error(`${this.#skipped} skipped: under CI every test has to run`)
  }
}

/** jest itself does not name the skipped tests of a file in which nothing else ran. */
function reasons({ testResults }) {
  const found = testResults
    .flatMap((file) => file.testResults)
    .map(({ title }) => / \(skipped: (.+)\)$/.exec(title)?.[1])
    .filter((reason) => reason !== undefined)
  return [...new Set(found)].map((reason) => {
    return `skipped, ${found.filter((one) => one === reason).length} tests: ${reason}`
  })
}
