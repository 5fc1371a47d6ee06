import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { posix } from './posix.ts'
import { inWords, play, readCases } from './runner.ts'

const root = join(import.meta.dirname, '../..')
const shared = join(root, 'test/oracles/posix/cases.jsonl')
const counts = join(root, 'test/oracles/explorer/counts.json')
const folder = mkdtempSync(join(tmpdir(), 'ipclab-conform-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

function conform(...args: string[]) {
  // What `npm run conform` runs when it has compiled: that has been done before the tests.
  const command = ['.build/test/conformance/main.js', ...args]
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' })
  return { stdout, stderr: stderr.trim(), status, last: stdout.trimEnd().split('\n').at(-1) }
}

const eintr =
  readFileSync(shared, 'utf8')
    .split('\n')
    .find((line) => line.includes('"sem.eintr"')) ?? ''

test('a file of recorded cases ends with the count of what passed', () => {
  expect(conform('posix', shared, '--families', 'shm,sem')).toMatchObject({ status: 0, last: '571 passed, 0 failed' })
})

test('one case, told step by step', () => {
  const { stdout, status } = conform('posix', shared, '--only', 'sem.eintr', '--verbose')
  expect(stdout).toContain('2: sem_wait {"slot":0} -> {"out":{"blocks":true},"completed":[]}')
  expect(stdout).toContain('1 passed, 0 failed')
  expect(status).toBe(0)
})

test('a case that goes otherwise is shown by its first difference, and the exit code is 1', () => {
  const { stdout, status, last } = conform('posix', file('wrong.jsonl', eintr.replace('"EINTR"', '"EAGAIN"')))
  expect(stdout).toContain('sem.eintr: step 3: kill {"to":1,"sig":"SIGUSR1"}')
  expect(stdout).toContain('expected {"out":{"ret":0},"completed":[{"p":1,"step":2,"out":{"errno":"EAGAIN"}}]}')
  expect(stdout).toContain('got      {"out":{"ret":0},"completed":[{"p":1,"step":2,"out":{"errno":"EINTR"}}]}')
  expect({ last, status }).toEqual({ last: '0 passed, 1 failed', status: 1 })
})

test.each([
  [['nix', shared], "unknown family 'nix'; there are bugs, explorer, litmus, lpc, mach, posix"],
  [['posix', 'no/such/file'], 'no/such/file: there is no such file'],
  [['posix', 'test'], 'test: is not a file'],
  [['posix', 'package.json'], 'package.json:1: is no JSON'],
  [['posix', shared, '--only', 'nix'], "has no case 'nix'"],
  [['posix', shared, '--families', 'nix'], "has no cases of 'nix'"],
  [['posix', shared, '--most', 'all'], "--most takes a number of runs, not 'all'"],
  [['posix', shared, '--loud'], "Unknown option '--loud'"],
  [['posix'], 'usage: npm run conform'],
])('misuse is told in one line, and the exit code is 2: %j', (args, words) => {
  const { stderr, status } = conform(...args)
  expect(stderr).toContain(words)
  expect(stderr.split('\n')).toHaveLength(1)
  expect(status).toBe(2)
})

test.each([
  ['empty', '', 'has no cases'],
  ['cut off', eintr.slice(0, 100), 'is no JSON'],
  ['a number', '5', 'a number.jsonl:1: a case is no object'],
  ['an empty array', '[]', 'has no cases'],
  ['an array', ` [ ${eintr},\n5]`, 'an array.jsonl, case 2: a case is no object'],
  ['an array cut off', `[ ${eintr},`, 'an array cut off.jsonl: is no JSON'],
  ['foreign', '{"id":"x","tasks":[1]}', 'has no id or no family'],
  ['no uids', '{"id":"x","family":"shm","procs":1}', 'has no uid for each process'],
  ['no steps', '{"id":"x","family":"shm","procs":0,"uids":[]}', 'has no steps'],
  ['bad step', '{"id":"x","family":"shm","procs":0,"uids":[],"steps":[{}],"end":{}}', 'step 0 has no p or no op'],
])('a garbled file is told with the line: %s', (name, text, words) => {
  expect(() => readCases(posix, file(`${name}.jsonl`, text))).toThrow(words)
})

test('an array of cases is as good as a case on each line', () => {
  expect(readCases(posix, file('array.json', `[${eintr}]`))).toEqual(readCases(posix, file('line.jsonl', eintr)))
})

test('what would take too many runs is left out, and named', () => {
  const { stdout, status, last } = conform('explorer', counts, '--families', 'casw,fibbench', '--most', '200')
  expect(stdout).toContain('casw N=4: left out: 2520 runs are more than --most 200')
  expect({ last, status }).toEqual({ last: '2 passed, 0 failed, 3 left out', status: 0 })
})

test('an operation that no model has yet is a difference that says so', () => {
  const [one] = readCases(posix, file('later.jsonl', eintr.replace('"sem_open"', '"io_uring_enter"')))
  const difference = one === undefined ? null : play(posix, one)
  expect(difference === null ? '' : inWords(difference)).toContain('io_uring_enter is not modelled yet')
})

test('what is left blocked at the end counts, too', () => {
  const [one] = readCases(
    posix,
    file('left.jsonl', eintr.replace('"end":{"blocked":[]}', '"end":{"blocked":[{"p":0,"step":1}]}')),
  )
  const difference = one === undefined ? null : play(posix, one)
  expect(difference).toMatchObject({ step: null, expected: { blocked: [{ p: 0, step: 1 }] }, got: { blocked: [] } })
})
