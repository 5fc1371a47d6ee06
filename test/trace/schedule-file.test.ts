import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { explore } from '../../explore/index.ts'
import { BadInput } from '../../kernel/index.ts'
import { isPick } from '../../scheduler/index.ts'
import { type KeptSchedule, keptOf, loadScenarioFile, parseTrace, readKept, writeKept } from '../../trace/index.ts'

const root = join(import.meta.dirname, '../..')
const trace = parseTrace(readFileSync(join(root, 'test/fixtures/traces/random.ndjson'), 'utf8'), 'random.ndjson')
const kept = keptOf(trace)
const base = realpathSync(mkdtempSync(join(tmpdir(), 'ipclab-kept-')))
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

function complaint(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    expect(error.message).not.toContain('\n')
    expect(error.message).not.toContain(base)
    return error.message
  }
  throw new Error('nothing was complained of')
}

/** What reading a file with this text says. */
function reading(text: string | Uint8Array): string {
  writeFileSync('s.json', text)
  return complaint(() => readKept('s.json'))
}

function textOf(one: KeptSchedule): string {
  writeKept(one, 's.json')
  return readFileSync('s.json', 'utf8')
}

const changed = (change: object): string => JSON.stringify({ ...(JSON.parse(textOf(kept)) as object), ...change })

test('a run is kept as who went when, and in which call; choices inside steps are in none', () => {
  expect(kept.steps.map(({ choice }) => choice)).toEqual(trace.choices)
  const calls = kept.steps.filter(({ choice }) => !isPick(choice)).map(({ call }) => call)
  expect(calls).toEqual(trace.events.map(({ call }) => call))
  expect(kept.steps.filter(({ choice, call }) => isPick(choice) && call !== null)).toEqual([])
  expect(kept.steps.some(({ choice }) => isPick(choice))).toBe(true)
  // What a call does to its own process is not what it is about: an end rides with whatever call is the last.
  expect(kept.steps[0]).toEqual({ choice: 'parent', call: 'sigaction' })
  expect(kept.steps).toContainEqual({ choice: 'parent', call: 'load', about: 'counter+0' })
  expect(kept).toMatchObject({ title: 'mixed', failure: { kind: 'assertion', name: 'nothing was lost' } })
})

test('what failed is kept with it', async () => {
  const { failure } = await explore(await loadScenarioFile(join(root, 'scenarios/posix/mutex-first.ts')))
  if (failure === null) throw new Error('it fails')
  const one = keptOf(failure.trace)
  expect(one).toMatchObject({ failure: { kind: 'deadlock', name: 'deadlock' }, scenario: 'ipclab:posix/mutex-first' })
  writeKept(one, 's.json')
  expect(readKept('s.json')).toEqual(one)
})

test('what is written is read back the same, and written again the same', () => {
  const text = textOf(kept)
  expect(readKept('s.json')).toEqual(kept)
  expect(textOf(readKept('s.json'))).toBe(text)
  writeFileSync('s.json', text.replaceAll('\n', '\r\n')) // git may have
  expect(readKept('s.json')).toEqual(kept)
})

const step = fc
  .record({
    choice: fc.stringMatching(/^[!?>~-]?[A-Za-z_$][\w$/.]{0,8}$/),
    call: fc.option(fc.string()),
    about: fc.option(fc.string()),
  })
  .map(({ about, ...rest }) => (about === null ? rest : { ...rest, about }))
const anyKept: fc.Arbitrary<KeptSchedule> = fc.record({
  title: fc.string(),
  scenario: fc.option(fc.string()),
  params: fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.oneof(fc.integer(), fc.string(), fc.boolean()),
    { noNullPrototype: true },
  ),
  wakeOrder: fc.constantFrom('any', 'fifo', 'lifo'),
  maxSteps: fc.integer({ min: 1 }),
  failure: fc.option(fc.record({ kind: fc.constantFrom('deadlock', 'invariant', 'step limit'), name: fc.string() })),
  steps: fc.array(step),
})

test('so is any schedule, each step on a line of its own', () => {
  fc.assert(
    fc.property(anyKept, (one) => {
      const lines = textOf(one).split('\n')
      expect(readKept('s.json')).toEqual(one)
      expect(lines.filter((line) => line.startsWith('    ['))).toHaveLength(one.steps.length)
    }),
  )
})

test('one step more is one line more', () => {
  const more = textOf({ ...kept, steps: [{ choice: 'p', call: 'load' }, ...kept.steps] }).split('\n')
  const before = textOf(kept).split('\n')
  expect(more.filter((line) => !before.includes(line))).toEqual(['    ["p","load"],'])
  expect(more.length).toBe(before.length + 1)
})

test('it is put in its place whole: what can not be written leaves nothing behind', () => {
  writeKept(kept, 's.json')
  writeKept({ ...kept, steps: [] }, 's.json')
  expect(readKept('s.json').steps).toEqual([])
  mkdirSync('folder')
  expect(complaint(() => writeKept(kept, 'folder'))).toBe('cannot write folder: it is a folder; name a file in it')
  expect(complaint(() => writeKept(kept, 'no/s.json'))).toBe(
    'cannot write no/s.json: there is no folder no; make it first',
  )
  expect(complaint(() => writeKept(kept, 'my.ts'))).toBe(
    "cannot write my.ts: a scenario's name ends so, and a schedule's does not; write .json",
  )
  expect(complaint(() => writeKept(kept, ''))).toBe(
    'cannot write a schedule: the path is empty; name a file, as in run.json',
  )
  expect(readdirSync('.').sort()).toEqual(['folder', 's.json'])
})

test('a file that is not there, or none, is told', () => {
  expect(complaint(() => readKept('none.json'))).toMatch(/^there is no file none.json; .*write schedules$/)
  expect(complaint(() => readKept('.'))).toMatch(/ is a folder; name the schedule in it$/)
  expect(complaint(() => readKept(''))).toMatch(/^the schedule's path is empty/)
})

test.each([
  ['', 's.json is empty, no schedule'],
  ['hello', 's.json is no schedule'],
  ['{"name":"package"}', 's.json is no schedule'],
  ['[1,2]', 's.json is no schedule'],
  ['null', 's.json is no schedule'],
  ['{"ipclab":"trace","version":1}\n{}\n', 's.json is a trace, not a schedule'],
  ['\u0000\u0001', 's.json is no schedule'],
])('a foreign file (%j) is told as one', (text, words) => {
  expect(reading(text)).toContain(words)
  expect(reading(text)).toContain('; ')
})

test('one that is cut off anywhere is told', () => {
  const bytes = Buffer.from(textOf(kept).trimEnd())
  for (let length = 0; length < bytes.length; length += 3) {
    const said = reading(bytes.subarray(0, length))
    if (length > 30) expect(said).toMatch(/^s\.json(:\d+)?:? is (cut off|no JSON)/)
    expect(said).toMatch(/^s\.json[: ].*; /)
  }
})

test('a line that was broken by hand is told by its number', () => {
  const lines = textOf(kept).split('\n')
  const first = lines.findIndex((line) => line.startsWith('    ['))
  function broken(at: number, change: (line: string) => string): string {
    return reading(lines.map((line, index) => (index === at ? change(line) : line)).join('\n'))
  }
  for (const at of [first, first + 5]) {
    expect(broken(at, (line) => line.replace(',\n', '').replace(/,$/, ''))).toContain(`s.json:${at + 1}: is no JSON; `)
    expect(broken(at, (line) => line.replace(/"/, ''))).toContain(`s.json:${at + 1}: is no JSON; `)
    expect(broken(at, () => '    ["p", 3],')).toContain(`s.json:${at + 1} is ["p",3], no step; `)
    expect(broken(at, () => '    ["p","load",3],')).toContain(`s.json:${at + 1} is ["p","load",3], no step; `)
    expect(broken(at, () => '    ["p","load","a","b"],')).toContain('is ["p","load","a","b"], no step; ')
    expect(broken(at, () => '    [],')).toContain(`s.json:${at + 1} is [], no step; `)
    expect(broken(at, () => '    ["p q"],')).toContain(`s.json:${at + 1} is ["p q"], no step; `)
    expect(broken(at, () => '    ["p*3"],')).toContain(`s.json:${at + 1} is ["p*3"], no step; `)
  }
  const last = lines.findLastIndex((line) => line.startsWith('    ['))
  expect(broken(last, (line) => `${line},`)).toContain(`s.json:${last + 1}: is no JSON; `)
  expect(broken(1, () => '  "ipclab": "schedule"')).toContain('s.json: is no JSON; ')
})

test('another version is told with both', () => {
  expect(reading(changed({ version: 2 }))).toBe(
    's.json is a schedule of version 2, and this ipclab reads version 1; use the ipclab that wrote it, or let it be written anew',
  )
  expect(reading(changed({ version: undefined }))).toContain('of version unknown')
})

test.each([
  ['title', 3],
  ['scenario', 3],
  ['params', { a: [] }],
  ['params', null],
  ['wakeOrder', 'random'],
  ['maxSteps', 0],
  ['failure', { kind: 'boredom', name: 'x' }],
  ['failure', 'deadlock'],
  ['failure', undefined],
  ['steps', 'P*3'],
])('a part that can not be (%s: %j) is told', (key, value) => {
  const is = value === undefined ? 'missing' : JSON.stringify(value)
  expect(reading(changed({ [key]: value }))).toContain(`s.json: its ${key} is ${is}, which can't be; `)
})

test('keys that a person added are let be', () => {
  writeFileSync('s.json', changed({ note: 'the bug of last week' }))
  chmodSync('s.json', 0o444)
  expect(readKept('s.json')).toEqual(kept)
})
