import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { COSTS, X86_64 } from '../../scheduler/index.ts'
import { folder, ipclab, removeFolders } from './cli.ts'

afterEach(removeFolders)

/** Jobs of 3 and 2 ms, and one of 1 ms that comes at 1 ms. */
const JOBS = `
import { compute, io, scenario } from 'ipclab'
const ms = (n) => n * 1_000_000
export default scenario('jobs', {
  programs: {
    *a() { yield* compute(ms(3)) },
    *b() { yield* compute(ms(1)); yield* io(ms(4)); yield* compute(ms(1)) },
    late: { arrives: ms(1), *program() { yield* compute(ms(1)) } },
  },
  expect: 'holds',
})
`

test('under a policy a run is drawn over time, with a row for each process and the totals', async () => {
  folder({ 'jobs.ts': JOBS })
  const { code, out } = await ipclab('run', 'jobs.ts', '--policy', 'rr:quantum=1ms', '--cost', 'zero')
  expect(code).toBe(0)
  // a 0-1, b 1-2, a 2-3 (its slice was over when late came), late 3-4, a 4-5, b back at 6.
  const rows = out.split('\n').filter((line) => /^(a|b|late) +[█▒· ]+$/.test(line))
  const shades = rows.map((row) => row.slice(0, 6) + row.slice(6).replace(/(.)\1+/g, '$1'))
  expect(shades).toEqual(['a     █▒█▒█', 'b     ▒█·█', 'late   ▒█'])
  const sections = out.split('\n\n')
  expect(sections[4]?.split('\n').map((line) => line.split(/ +/))).toEqual([
    ['process', 'arrived', 'response', 'turnaround', 'waiting', 'blocked', 'CPU', 'switches', 'preempted'],
    ['a', '0ns', '5ms', '2ms', '3ms', '3', '2'],
    ['b', '1ms', '7ms', '1ms', '4ms', '2ms', '2'],
    ['late', '1ms', '2ms', '3ms', '2ms', '1ms', '1'],
  ])
  expect(sections[6]?.split('\n').map((line) => line.split(/ {2,}/).slice(0, 6))).toEqual([
    ['call to return', 'count', 'p50', 'p90', 'p99', 'max'],
    ['compute', '4', '1ms', '5ms', '5ms', '5ms'],
    ['io', '1', '4ms', '4ms', '4ms', '4ms'],
  ])
  expect(sections[5]).toMatch(/^time +7ms\nthroughput +428\.6 processes a second\nutilisation +85\.7%,/)
})

test('with several CPUs it is drawn who ran where, and the run replays', async () => {
  folder({ 'jobs.ts': JOBS })
  const on = ['--policy', 'eevdf', '--cpus', '2', '--queues', 'per-cpu', '--cost', 'x86-64']
  const { code, out } = await ipclab('run', 'jobs.ts', ...on, '--out', 'run.ndjson')
  expect(code).toBe(0)
  expect(out).toContain('eevdf:slice=3ms on 2 CPUs, a run queue each, costs x86-64')
  expect(out).toMatch(/^CPU 0 +█/m)
  expect(out).toMatch(/^CPU 1 +█/m)
  expect(out).toMatch(/^a +0+$/m)
  const again = await ipclab('replay', 'run.ndjson', '--out', 'again.ndjson')
  expect(again.out).toContain('each as recorded')
  expect(readFileSync('again.ndjson')).toEqual(readFileSync('run.ndjson'))
})

test('a run in which no time passed says how to give it some, if its costs are why', async () => {
  folder({
    'none.ts': `
import { compute, scenario } from 'ipclab'
export default scenario('none', { programs: { *a() { yield* compute(-1) } }, expect: 'error: EINVAL' })`,
    'late.ts': `
import { compute, scenario } from 'ipclab'
export default scenario('late', { programs: { a: { deadline: -1, *program() {} } }, expect: 'proved' })`,
  })
  const run = async (...cost: string[]) => (await ipclab('run', 'none.ts', '--policy', 'rr', ...cost)).out.split('\n')
  expect(await run()).toContain('no time passed')
  expect(await run('--cost', 'zero')).toContain(
    'no time passed; where costs are zero only compute takes any, so try --cost unit',
  )
  const { code, err } = await ipclab('run', 'late.ts', '--policy', 'edf')
  expect(code).toBe(2)
  expect(err).toContain('programs.a: deadline is a whole number of ns from 1 to 2^50, after the arrival: a deadline in')
})

test('a lottery is drawn by its seed, also when it is replayed', async () => {
  folder({ 'jobs.ts': JOBS })
  for (const seed of ['1', '2', '3', '4']) {
    await ipclab(
      'run',
      'jobs.ts',
      '--policy',
      'lottery:quantum=1ms',
      '--cost',
      'zero',
      '--seed',
      seed,
      '--out',
      'run.ndjson',
    )
    expect((await ipclab('replay', 'run.ndjson')).out).toContain('each as recorded')
  }
})

test('--json has the same: measures, and who did what when', async () => {
  folder({ 'jobs.ts': JOBS })
  const { out } = await ipclab('run', 'jobs.ts', '--policy', 'fifo', '--cost', 'zero', '--json')
  expect(JSON.parse(out)).toMatchObject({
    policy: 'fifo',
    queues: 'global',
    processes: [
      { process: 'a', response: 0, turnaround: 3e6, cpu: 3e6 },
      { process: 'b', response: 3e6, blocked: 4e6 },
      { process: 'late', arrived: 1e6, waiting: 3e6 },
    ],
    cpus: [{ cpu: 0, busy: 6e6, idle: 3e6 }],
    totals: { elapsed: 9e6, ended: 3, missed: 0 },
    calls: [
      { call: 'compute', count: 4, min: 1e6, max: 3e6, mean: 1.5e6 },
      { call: 'io', count: 1, p50: 4e6, p99: 4e6, buckets: [[expect.any(Number), expect.any(Number), 1]] },
    ],
  })
  expect(JSON.parse(out).timeline).toContainEqual(
    expect.objectContaining({ thread: 'b', activity: 'waiting', from: 4e6, to: 8e6, object: 'I/O' }),
  )
})

test("a user's costs come from a file, and those of x86-64 each have a source", async () => {
  folder({ 'jobs.ts': JOBS })
  const mine = { ...Object.fromEntries(Object.keys(COSTS).map((name) => [name, 0])), processSwitch: 1000 }
  writeFileSync('mine.json', JSON.stringify(mine))
  const { out } = await ipclab('run', 'jobs.ts', '--policy', 'fifo', '--cost', 'mine.json')
  expect(out).toMatch(/^time +9.003ms$/m)
  for (const { ns, source = '' } of Object.values(X86_64.entries)) {
    expect(ns).toBeGreaterThan(0)
    expect(source.length).toBeGreaterThan(20)
  }
})

const COST = JSON.stringify(Object.fromEntries(Object.keys(COSTS).map((name) => [name, 0])))

test.each([
  [['--policy', 'magic'], /^there is no policy 'magic'; there are fifo, sjf, .*, edf, rate-monotonic$/],
  [['--policy', 'dfs'], /^there is no policy 'dfs'/],
  [['--policy', 'rr:quantum=0'], /^'rr:quantum=0': quantum takes a time of at least 1ns, as in quantum=2ms/],
  [['--policy', 'rr:quantum=-2ms'], /^'rr:quantum=-2ms': quantum takes a time of at least 1ns/],
  [['--policy', 'rr:slice=2'], /^'rr:slice=2': there is no 'slice'; it takes quantum=2ms$/],
  [['--policy', 'fifo:3'], /^'fifo:3': there is no '3'; it takes nothing$/],
  [['--policy', 'fifo', '--cpus', '0'], /at least 1/],
  [['--policy', 'fifo', '--cpus', '5000'], /^the number of CPUs is a whole number from 1 to 1024, not 5000$/],
  [['--policy', 'fifo', '--queues', 'two'], /Allowed choices are global, per-cpu/],
  [['--policy', 'fifo', '--cost', 'arm'], /^there is no cost model 'arm'; there are unit, zero, x86-64, or a file/],
  [['--policy', 'fifo', '--cost', 'none.json'], /^there is no file none\.json$/],
  [['--policy', 'fifo', '--cost', 'cut.json'], /^cut\.json is no JSON: /],
  [
    ['--policy', 'fifo', '--cost', 'missing.json'],
    /^missing\.json: copy \(a byte .*\) is missing; give it a number of ns/,
  ],
  [
    ['--policy', 'fifo', '--cost', 'negative.json'],
    /^negative\.json: copy \(.*\) takes a number of ns, at least 0, not -1$/,
  ],
  [['--policy', 'fifo', '--cost', 'odd.json'], /^odd\.json: there is no cost 'disk'; there are call, access/],
  [['--policy', 'fifo', '--cost', 'folder.json'], /^cannot read folder\.json: it is a folder$/],
  [
    ['--policy', 'fifo', '--cost', 'ours.json'],
    /^ours\.json: 'unit' is a name of ipclab's own costs; give yours another$/,
  ],
  [['--policy', 'fifo', '--out', 'same', '--svg', 'same'], /^--out and --svg name the same file/],
  [['--policy', 'fifo', '--svg', ''], /^cannot write a picture: the path is empty; name a file, as in run\.svg$/],
  [
    ['--policy', 'rr:1ns', '--cost', 'unit'],
    /^threads have come and gone 4000000 times by \d+ ns: slices far shorter than what programs compute/,
  ],
  [['--cpus', '2'], /^--cpus is for a policy; name one, as in --policy rr:quantum=2ms$/],
  [['--strategy', 'dfs', '--cost', 'zero'], /^--cost is for a policy/],
])('what can not be used is told in one line: %j', async (options, message) => {
  folder({
    'jobs.ts': JOBS,
    'cut.json': '{',
    'missing.json': COST.replace(',"copy":0', ''),
    'negative.json': COST.replace('"copy":0', '"copy":-1'),
    'odd.json': COST.replace('{', '{"disk":1,'),
    'ours.json': COST.replace('{', '{"name":"unit",'),
  })
  mkdirSync('folder.json')
  const { code, err, out } = await ipclab('run', 'jobs.ts', ...options)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^ipclab: .+\n$/)
  expect(err.slice('ipclab: '.length, -1)).toMatch(message)
})

test('a lesson of time tells messages, objects and findings with their times, in words and as data', async () => {
  folder({})
  const { out } = await ipclab('run', 'time/convoy', '--policy', 'rr:1ms', '--cost', 'x86-64')
  expect(out).toMatch(/^a on mailbox lock$/m)
  expect(out).toMatch(/^send to receive +count +p50 +p90 +p99 +max +in it +at most/m)
  expect(out).toMatch(/^mailbox lock +31 .* 1 not received/m)
  expect(out).toMatch(/^ {2}convoy: worker/m)
  const json = JSON.parse(
    (await ipclab('run', 'time/pathfinder', '--policy', 'priority', '--cost', 'zero', '--json')).out,
  )
  expect(json.findings).toMatchObject([{ name: 'priority inversion', ns: 20e6 }])
  expect(json).toMatchObject({ messages: [], line: { step: expect.any(Number), lengths: expect.any(Array) } })
})
