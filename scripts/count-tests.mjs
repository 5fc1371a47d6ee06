/** Prints `N passed, N failed` from the JSON report of vitest named on the command line; fails when no test ran. */
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
// A file that fails to load, or to set up, has no test of its own to fail, and counts as one.
const failed =
  report.numFailedTests +
  report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  ).length
process.stdout.write(`${report.numPassedTests} passed, ${failed} failed\n`)
if (report.numPassedTests === 0 || failed > 0) process.exitCode = 1
