import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { boot } from '../../kernel/index.ts'
import { type Decider, decider, dfs, random, replay, run } from '../../scheduler/index.ts'
import { Bytes } from '../../trace/bytes.ts'
import { EventWriter } from '../../trace/event.ts'
import {
  Divergence,
  libraryFolder,
  loadScenarioFile,
  parseTrace,
  record,
  replayFile,
  replayTrace,
  type Trace,
  withChoices,
  writeTrace,
} from '../../trace/index.ts'
import { faultyCases, scenarioOf } from '../helpers/random-programs.ts'

const root = join(import.meta.dirname, '../..')
const fixtures = join(root, 'test/fixtures/traces')
const base = realpathSync(mkdtempSync(join(tmpdir(), 'ipclab-replay-')))
let folders = 0
let here = base

beforeEach(() => {
  here = join(base, String(++folders))
  mkdirSync(here)
  process.chdir(here)
})
afterAll(() => {
  process.chdir(root)
  rmSync(base, { recursive: true, force: true })
})

const policies: Record<string, () => Decider> = {
  fifo: () => decider('fifo', '1'),
  'rr:quantum=1': () => decider('rr:quantum=1', '1'),
  'rr:quantum=3': () => decider('rr:quantum=3', '1'),
}
const deciders: Record<string, (seed: string) => Decider> = {
  random,
  dfs: () => dfs(),
  'by hand': () => replay(['q', 'q', 'r'], 'by hand'),
  ...policies,
}

/** The choices say who, whatever else can go on; a hand-written one may not fit, and then the case is none. */
function recorded(one: Parameters<typeof scenarioOf>[0], name: string, lines: boolean): Trace | null {
  const make = deciders[name] ?? random
  try {
    return record(scenarioOf(one), { decider: make(one.seed), lines })
  } catch (error) {
    if (name === 'by hand') return null
    throw error
  }
}

test('the replay of a trace is the same to the byte, whoever decided', async () => {
  await fc.assert(
    fc.asyncProperty(faultyCases, fc.constantFrom(...Object.keys(deciders)), fc.boolean(), async (one, name, lines) => {
      const trace = recorded(one, name, lines)
      if (trace === null) return
      const again = await replayTrace(trace, { scenario: scenarioOf(one) })
      expect(again.note).toBeNull()
      expect(again.trace.text).toBe(trace.text)
      expect(parseTrace(trace.text, 'it').text).toBe(trace.text)
      expect(parseTrace(trace.text, 'it').events).toEqual(trace.events)
    }),
    { numRuns: 200 },
  )
})

test('a run among many on one machine is recorded as it was when it is made again on a new one', () => {
  fc.assert(
    fc.property(faultyCases, fc.integer({ min: 1, max: 6 }), (one, count) => {
      const { decider, choices } = withChoices(random(one.seed))
      const simulation = boot(scenarioOf(one), { door: decider })
      for (let index = 0; index < count; index++) {
        simulation.start()
        decider.begin(simulation, index)
        const seen: string[] = []
        const writer = new EventWriter(simulation.machine)
        const watch = (): void => {
          const bytes = new Bytes()
          writer.write(bytes)
          seen.push(bytes.from(0))
        }
        run(simulation, decider, { maxSteps: 300, observers: [watch] })
        const trace = record(scenarioOf(one), { decider: replay(choices), lines: false })
        expect(trace.choices).toEqual(choices)
        expect(seen.map((_, step) => trace.lines.at(step + 1))).toEqual(seen)
        expect(trace.steps).toBe(seen.length)
      }
    }),
    { numRuns: 200 },
  )
})

async function mixed(name: string, file = join(fixtures, 'mixed.ts')): Promise<Trace> {
  const loaded = await loadScenarioFile(file)
  return record(loaded, { decider: decider(name, '5'), from: { decider: name, seed: '5', run: 0 } })
}

const kept = ['random', 'dfs', 'rr:quantum=2']
const fileOf = (name: string): string => `${name.replace(/\W+/g, '-')}.ndjson`

// When the kernel has changed on purpose: npx vitest run test/trace/replay.test.ts -u
test.each(kept)('%s makes the run that it has always made, on every Node', async (name) => {
  process.chdir(root)
  const { text } = await mixed(name)
  await expect(text).toMatchFileSnapshot(join(fixtures, fileOf(name)))
})

test.each(kept)('a kept trace by %s is replayed to the byte, here and in another process', async (name) => {
  const file = join(fixtures, fileOf(name))
  const text = readFileSync(file, 'utf8')
  const again = await replayFile(file) // its scenario is found from a folder above the trace
  expect(again.note).toBeNull()
  expect(again.trace.text).toBe(text)

  const face = pathToFileURL(join(root, '.build/trace/index.js')).href
  const code = `import { replayFile } from ${JSON.stringify(face)}
    process.stdout.write((await replayFile(${JSON.stringify(file)})).trace.text)`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: here })
  expect(child.stderr.toString()).toBe('')
  expect(child.stdout.toString()).toBe(text)
})

test('where the trace and its scenario lie does not show in it', async () => {
  const texts: string[] = []
  for (const home of ['one', 'another/deeper']) {
    cpSync(fixtures, join(here, home, 'scenarios'), { recursive: true })
    process.chdir(join(here, home))
    const trace = await mixed('random', 'scenarios/mixed.ts')
    texts.push(trace.text)
    expect(trace.header.scenario).toBe('scenarios/mixed.ts')
    expect(trace.text).not.toContain(here)
    writeTrace(trace, 'trace.ndjson')
    expect((await replayFile('trace.ndjson')).trace.text).toBe(trace.text)
    process.chdir('/')
    const again = await replayFile(join(here, home, 'trace.ndjson'))
    expect(again.trace.text).toBe(trace.text)
    process.chdir(here)
  }
  expect(texts[0]).toBe(texts[1])
})

test('a scenario of the library is named by its name there, and found wherever one is', async () => {
  const files = readdirSync(libraryFolder(), { recursive: true, encoding: 'utf8' })
  const name = files.find((file) => file.endsWith('.ts')) ?? ''
  const loaded = await loadScenarioFile(join(libraryFolder(), name))
  const trace = record(loaded, { decider: random('1'), maxSteps: 200 })
  expect(trace.header.scenario).toBe(`ipclab:${name.replaceAll('\\', '/').slice(0, -3)}`)
  expect(trace.events[0]?.line).toMatch(/^ipclab:.*\.ts:\d+$/)
  expect((await replayTrace(trace)).trace.text).toBe(trace.text)
})

test('of two files of that name the one that was recorded is taken', async () => {
  for (const home of ['.', 'elsewhere']) cpSync(fixtures, join(here, home, 's'), { recursive: true })
  const trace = await mixed('random', 's/mixed.ts')
  writeTrace(trace, 'elsewhere/trace.ndjson')
  edit('s/mixed.ts', 'default: 2', 'default: 3')
  const again = await replayFile('elsewhere/trace.ndjson')
  expect(again.trace.text).toBe(trace.text)
})

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
}

async function changed(
  from: string,
  to: string,
  name = 'random',
): Promise<{ trace: Trace; error: unknown; note: string | null }> {
  cpSync(fixtures, join(here, 's'), { recursive: true })
  const trace = await mixed(name, 's/mixed.ts')
  edit('s/mixed.ts', from, to)
  try {
    return { trace, error: null, note: (await replayTrace(trace)).note }
  } catch (error) {
    return { trace, error, note: null }
  }
}

test.each(kept)('a scenario that does something else is told at the first step that differs (%s)', async (name) => {
  const { trace, error } = await changed('50 + (yield* choose(2))', '51 + (yield* choose(2))', name)
  const at = trace.events.findIndex(({ call }) => call === 'futex_wait') + 1
  expect(at).toBeGreaterThan(1)
  expect(error).toBeInstanceOf(Divergence)
  const { step, expected, found, message } = error as Divergence
  expect(step).toBe(at)
  expect(expected).toMatch(/^parent: futex_wait\(address 65552, expected 0, timeout 5\d\) sleeps \(s\/mixed.ts:48\)$/)
  expect(found).toMatch(/^parent: futex_wait\(address 65552, expected 0, timeout 5\d\) sleeps \(s\/mixed.ts:48\)$/)
  expect(found).not.toBe(expected)
  expect(message).toContain('s/mixed.ts has changed since the trace was recorded')
})

test('where two events read the same, what differs in them is told', async () => {
  const { error, trace } = await changed('log(`handles', 'log(`really handles')
  const step = trace.events.findIndex(({ kind }) => kind === 'signal') + 1
  expect(error).toMatchObject({
    step,
    expected: expect.stringMatching(/ with log \["handles SIGCHLD"\]$/),
    found: expect.stringMatching(/ with log \["really handles SIGCHLD"\]$/),
  })
})

test('a choice that can no longer be made is told with those that can', async () => {
  const { trace, error } = await changed('yield* fork(child, shared.base)', 'yield* clock()')
  const at = trace.events.findIndex(({ call }) => call === 'fork') + 1
  expect((error as Divergence).step).toBe(at)
  const { error: gone } = await changed('sleep(10)', 'clock()')
  expect((gone as Divergence).found).toMatch(/clock\(\) returns/)
})

test('a run that ends sooner, goes on longer, or ends otherwise is told', async () => {
  const sooner = await changed("expect: 'vio", "invariants: { it: () => false },\n  expect: 'vio")
  expect(sooner.error).toMatchObject({ step: 1, found: 'the end (broken: it)' })

  const longer = await changed("'nothing was lost')\n}", "'nothing was lost')\n  yield* clock()\n}", 'dfs')
  expect(longer.error).toMatchObject({ step: longer.trace.steps })

  const otherwise = await changed("expect: 'vio", "atEnd: { it: () => false },\n  expect: 'vio", 'dfs')
  const { steps } = otherwise.trace
  expect(otherwise.error).toMatchObject({ step: steps + 1, expected: 'the end (done)', found: 'the end (broken: it)' })
})

test('a changed comment is only noted, though lines have moved', async () => {
  const { error, note } = await changed('/** A little of', '/**\n * More words.\n * A little of')
  expect(error).toBeNull()
  expect(note).toMatch(/s\/mixed.ts has changed since .* every step is the same/)
})

test('a parameter that is gone, and a scenario that can no longer be loaded, are told with the change', async () => {
  const gone = await changed('rounds: { default', 'turns: { default')
  expect(String(gone.error)).toMatch(/has no parameter 'rounds': it has turns; s\/mixed.ts has changed since/)
  const broken = await changed('yield* wait()', 'yield* wait(')
  expect(String(broken.error)).toMatch(/mixed.ts:\d+:\d+: syntax error/)
})

test('a scenario that is gone is told with where it was looked for', async () => {
  cpSync(fixtures, join(here, 's'), { recursive: true })
  writeTrace(await mixed('random', 's/mixed.ts'), 'trace.ndjson')
  rmSync('s', { recursive: true })
  await expect(replayFile('trace.ndjson')).rejects.toThrow(/scenario s\/mixed.ts is not found from here, nor from/)
  const elsewhere = relative(here, join(fixtures, 'mixed.ts'))
  expect((await replayFile('trace.ndjson', { scenario: elsewhere })).note).toBeNull()
})

test('a trace of a scenario that no file holds needs the program that made it', async () => {
  const [one] = fc.sample(faultyCases, 1)
  if (one === undefined) throw new Error('fast-check gave nothing')
  const trace = record(scenarioOf(one), { decider: random('1') })
  await expect(replayTrace(trace)).rejects.toThrow(/made by a program and not read from a file/)
})
