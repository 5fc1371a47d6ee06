import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { int32, map_anonymous, type Program, scenario } from '../../kernel/index.ts'
import { decider, random, replay } from '../../scheduler/index.ts'
import { type LoadedScenario, loadScenarioFile, record } from '../../trace/index.ts'

const root = join(import.meta.dirname, '../..')
const base = realpathSync(mkdtempSync(join(tmpdir(), 'ipclab-lines-')))
let folders = 0

beforeEach(() => {
  const here = join(base, String(++folders))
  mkdirSync(here)
  process.chdir(here)
})
afterAll(() => {
  process.chdir(root)
  rmSync(base, { recursive: true, force: true })
})

const HELPER = `import { clock, yield_ } from 'ipclab'
export function* twice(value: number) {
  yield* yield_()
  yield* clock()
  return value
}
`

/** Each call is clock() or yield(), and stands on a line that ends in a comment with its name. */
const SCENARIO = `import { assert, choose, clock, compute, fork, int32, log, map_anonymous, type Program, scenario, sigaction, kill, wait, yield_ } from 'ipclab'
import { twice } from './helper.ts'

interface Shared { base: number } /* a type
  that is gone when this runs */
export default scenario('lines', {
  *setup(): Program<Shared> { return { base: yield* map_anonymous(64) } },
  programs: { p: function* ({ shared, pids }) {
    const words = int32((shared as Shared).base)
    yield* words.load(0) // load
    const sum: number = (yield* words.load(1)) + (yield* words
      .exchange( // rmw
        1,
        2,
      ))
    const later = compute(1)
    yield* log('not a step')
    yield* later // compute
    yield* twice(sum) // helper
    yield* sigaction('SIGUSR1', function* () {
      yield* choose(1) // choose
    })
    yield* kill(pids.p ?? 0, 'SIGUSR1') // kill
    yield* fork(child) // fork
    try { yield* wait() } finally { // wait
      yield* words.store(0, 1) // store
    }
    yield* assert(false, 'here') // failed
  } },
  expect: 'violates: here',
})

function* child(): Program {
  if ((yield* clock()) > // clock
    0) return
}
`

async function written(): Promise<LoadedScenario> {
  writeFileSync('lines.ts', SCENARIO)
  writeFileSync('helper.ts', HELPER)
  return loadScenarioFile('lines.ts')
}

const lineOf = (mark: string): number => SCENARIO.split('\n').findIndex((line) => line.endsWith(`// ${mark}`)) + 1

test('each event says on which line its call was made', async () => {
  const trace = record(await written(), { decider: decider('fifo', '1') })
  for (const name of ['load', 'rmw', 'compute', 'choose', 'kill', 'fork', 'wait', 'store', 'clock']) {
    const event = trace.events.find(({ call, process }) => call === name && (name !== 'clock' || process !== 'p'))
    expect([name, event?.line]).toEqual([name, `lines.ts:${lineOf(name)}`])
  }
  const helper = trace.events.filter(({ line }) => line?.startsWith('helper.ts'))
  expect(helper.map(({ call, line }) => [call, line])).toEqual([
    ['yield', 'helper.ts:3'],
    ['clock', 'helper.ts:4'],
  ])
  expect(trace.verdict.failure?.line).toBe(`lines.ts:${lineOf('failed')}`)
  expect(trace.events.at(-1)?.failed).toEqual({
    kind: 'assertion',
    message: 'here',
    line: `lines.ts:${lineOf('failed')}`,
  })
})

test("a call made by code that is not the scenario's has the line on which the scenario asked for it", async () => {
  const loaded = await written()
  const trace = record({ ...loaded, files: [loaded.file] }, { decider: decider('fifo', '1') })
  const calls = trace.events.filter(({ line }) => line === `lines.ts:${lineOf('helper')}`)
  expect(calls.map(({ call }) => call)).toEqual(['yield', 'clock'])
})

test('a call that the machine makes, and every call when lines are not wanted, has none', async () => {
  const loaded = await written()
  const ends = record(loaded, { decider: decider('fifo', '1') }).events.filter(({ call }) => call === 'thread_exit')
  expect(ends.map(({ line }) => line)).toEqual([undefined])
  const bare = record(loaded, { decider: decider('fifo', '1'), lines: false })
  expect(bare.events.some((event) => 'line' in event)).toBe(false)
  expect(bare.header.lines).toBe(false)
  expect(bare.verdict.failure?.line).toBeNull()
})

test('of a scenario that no file holds, lines are those of whatever file its programs are in', () => {
  process.chdir(root)
  const it = scenario('stuck', { programs: { p: stuck }, expect: 'deadlock' })
  function* stuck(): Program {
    const at = yield* map_anonymous(64) // maps
    yield* int32(at).await_(0, (value) => value > 0) // waits
  }
  const { events, verdict } = record(it, { decider: random('1') })
  expect(events.map(({ line }) => line)).toEqual([hereAt('maps')])
  expect(verdict.failure?.waiting.map(({ line }) => line)).toEqual([hereAt('waits')])
})

test("programs' own errors have the stacks that they have elsewhere", () => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 50
  const stacks: (string | undefined)[] = []
  const it = scenario('stacks', { programs: { p }, expect: 'proved' })
  function* p(): Program {
    stacks.push(new Error('in p').stack)
    yield* map_anonymous(64)
    stacks.push(new Error('in p').stack)
  }
  record(it, { decider: replay([]) })
  for (const stack of stacks) expect(stack).toMatch(/^Error: in p\n {4}at .*lines\.test\.ts/)
  expect(Error.stackTraceLimit).toBe(50)
  Error.stackTraceLimit = limit
})

/** The line of this very file that ends in a comment. */
function hereAt(mark: string): string {
  const text = readFileSync(import.meta.filename, 'utf8').split('\n')
  return `test/trace/lines.test.ts:${text.findIndex((line) => line.endsWith(`// ${mark}`)) + 1}`
}
