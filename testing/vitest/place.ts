import { createHash } from 'node:crypto'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { RunnerTask, RunnerTestCase } from 'vitest'

/** Where in the tests a matcher stands: what its kept schedules are called, and how its test is run alone. */
export interface Place {
  /** The folder of the test file's kept schedules. */
  readonly folder: string
  /** What their names begin with: one matcher's own. */
  readonly name: string
  /** `npx vitest run FILE -t "NAME"`. */
  readonly command: string
}

/** How many matchers each test has called, in the attempt at it that is under way. */
const calls = new WeakMap<object, { attempt: string; count: number }>()

/** The place of the matcher that is being called now; to be asked once, and before anything is waited for. */
export function placeOf(test: RunnerTestCase, testPath: string): Place {
  const { retryCount = 0, repeatCount = 0 } = test.result ?? {}
  const attempt = `${repeatCount}:${retryCount}`
  const known = calls.get(test)
  const count = known?.attempt === attempt ? known.count + 1 : 1
  calls.set(test, { attempt, count })
  const names = namesOf(test)
  const same = sameNamed(test, names)
  const name = `${slug(names)}${same === 1 ? '' : `~${same}`}${count === 1 ? '' : `@${count}`}`
  return {
    folder: join(dirname(testPath), '__schedules__', basename(testPath)),
    name,
    command: `npx vitest run ${shell(shownPath(testPath))} -t ${shell(pattern(names))}`,
  }
}

/** Of the suites around it, and its own. */
function namesOf(test: RunnerTask): string[] {
  const names = [test.name]
  for (let { suite } = test; suite !== undefined && suite !== test.file; { suite } = suite)
    if (suite.name !== '') names.unshift(suite.name)
  return names
}

/** The how-manieth test of that name in its file it is. */
function sameNamed(test: RunnerTestCase, names: readonly string[]): number {
  const all: RunnerTask[] = []
  const gather = (task: RunnerTask): void => {
    if (task.type === 'suite') task.tasks.forEach(gather)
    else if (namesOf(task).join('\n') === names.join('\n')) all.push(task)
  }
  test.file.tasks.forEach(gather)
  return Math.max(1, all.indexOf(test) + 1)
}

const SLUG_MAX = 60

/** A file's name for a test's: readable, and another for each test, also where upper and lower case are the same. */
function slug(names: readonly string[]): string {
  const text = names.join('\n')
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ['test']
  const plain = words.join('-').slice(0, SLUG_MAX)
  if (names.length === 1 && plain.replaceAll('-', ' ') === text) return plain
  return `${plain}-${createHash('sha256').update(text).digest('hex').slice(0, 6)}`
}

/** For `-t`, which takes a regular expression over all names with spaces between. */
const pattern = (names: readonly string[]): string => names.join(' ').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** As one word of a command line. */
function shell(word: string): string {
  if (/^[\w./@%+=:,-]+$/.test(word)) return word
  return /["$`!]|\\(?=["$`])/.test(word) ? `'${word.replaceAll("'", "'\\''")}'` : `"${word}"`
}

/** From the working directory, with forward slashes. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path)
  return (short.startsWith('..') ? path : short).split(sep).join('/')
}
