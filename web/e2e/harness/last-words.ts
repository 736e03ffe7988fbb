// Repeats at the very end of a run which tests failed, each with the first lines of its error.
import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter'

const ERROR_LINES = 6
const COLOURS = /\u001b\[[0-9;]*m/g

export default class LastWords implements Reporter {
  private readonly failures: string[] = []

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === test.expectedStatus || result.status === 'skipped') return
    const [, , ...names] = test.titlePath()
    const errors = result.errors.map((error) => head(error.message ?? error.value ?? 'no words'))
    this.failures.push(`FAILED ${names.join(' › ')} (${result.status}, line ${test.location.line})\n${errors.join('\n')}`)
  }

  /** Also what goes wrong outside of a test. */
  onError(error: { message?: string }): void {
    this.failures.push(`FAILED outside of a test\n${head(error.message ?? 'no words')}`)
  }

  onEnd(result: FullResult): void {
    if (result.status === 'passed' && this.failures.length === 0) return
    process.stdout.write(`\n${this.failures.join('\n')}\nbrowser tests: ${result.status}, ${this.failures.length} failed\n`)
  }
}

function head(message: string): string {
  const lines = message.replace(COLOURS, '').split('\n').filter((line) => line.trim() !== '')
  return lines.slice(0, ERROR_LINES).map((line) => `    ${line}`).join('\n')
}
