import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'
import { afterEach, expect, test } from 'vitest'
import { spreadOf } from '../../cli/compare/spread.ts'
import { plain, range, times } from '../../cli/draw/comparison/written.ts'
import { perform } from '../../cli/program.ts'
import { counting } from '../../cli/progress.ts'
import { paper } from '../../cli/terminal.ts'
import { COSTS } from '../../scheduler/index.ts'
import { DEADLOCK, folder, ipclab, removeFolders } from './cli.ts'

afterEach(removeFolders)

/** Jobs of 6, 2 and 1 ms; the last does what it draws first. */
const JOBS = `
import { choose, compute, io, scenario } from 'ipclab'
const ms = (n) => n * 1_000_000
export default scenario('jobs', {
  params: { draws: { default: false, about: 'whether the short one is of a length that it draws' } },
  programs: {
    *long() { yield* compute(ms(6)) },
    *middle() { yield* compute(ms(1)); yield* io(ms(4)); yield* compute(ms(1)) },
    *short({ params }) { yield* compute(params.draws ? ms(1 + (yield* choose(4)) / 4) : ms(1)) },
  },
  expect: 'holds',
})
`

/** The rows of the table, by the words of the row's beginning. */
const rowOf = (out: string, policy: string, cpus = 1): string[] =>
  out
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
    .find(([first, second]) => first === policy && second === String(cpus)) ?? []

test('each policy has a row on each number of CPUs, with the best marked, and what that shows in words', async () => {
  folder({ 'jobs.ts': JOBS })
  const { code, out, err } = await ipclab(
    ...['compare', 'jobs.ts', '--policies', 'fifo,rr:1ms,srtf', '--cpus', '1,2', '--cost', 'zero'],
  )
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.split('\n').slice(0, 4)).toEqual([
    'jobs (jobs.ts)',
    '',
    '3 policies on 1 and 2 CPUs, one run queue, costs zero',
    '',
  ])
  // fifo: long 0-6, middle 6-7, short 7-8, middle 11-12; srtf: middle 0-1, short 1-2, long 2-8 but for middle 5-6.
  expect(rowOf(out, 'fifo')).toEqual(['fifo', '1', '4.33ms', '8.67ms', '4.33ms', '250', '75.0%', '4*', '0.585'])
  expect(rowOf(out, 'srtf')).toEqual(['srtf', '1', '1.00ms*', '5.67ms*', '1.33ms*', '333*', '100.0%*', '5', '0.923'])
  expect(rowOf(out, 'rr:1ms')[2]).toBe('1.00ms*')
  expect(rowOf(out, 'rr:1ms', 2)).toHaveLength(9)
  expect(out).toContain('* the best on as many CPUs\n')
  expect(out).toContain('\nevery seed gives the same\n')
  expect(out).toMatch(/^by turnaround on 1 CPU: srtf 5\.67ms, last fifo 8\.67ms; on 2 CPUs: /m)
  expect(out).toMatch(/^by response on 1 CPU: rr:1ms and srtf 1\.00ms, last fifo 4\.33ms; on 2 CPUs: /m)
  expect(out).toMatch(/^by fairness on 1 CPU: /m)
})

interface Row {
  readonly policy: string
  readonly cpus: number
  readonly sameWithEverySeed: boolean
  readonly spread: {
    readonly [figure: string]: { readonly median: number; readonly low: number; readonly high: number }
  }
  readonly runs: readonly { readonly seed: string; readonly figures: { readonly [figure: string]: number } }[]
}

test('seeds make a difference where something is drawn: the median is told, and the quartiles', async () => {
  folder({ 'jobs.ts': JOBS })
  const asked = ['compare', 'jobs.ts', '--policies', 'fifo,lottery:1ms', '--cost', 'zero', '--seeds', '9']
  const { out } = await ipclab(...asked)
  expect(rowOf(out, 'fifo')).toHaveLength(9)
  expect(out).toContain('medians of 9 seeds, and their quartiles; a row without is the same with every seed')
  const quartiles = /quartiles +([\d.]+)–([\d.]+)ms /.exec(out) ?? []
  const { rows } = JSON.parse((await ipclab(...asked, '--json')).out) as { rows: Row[] }
  expect(rows.map(({ policy, sameWithEverySeed, runs }) => [policy, sameWithEverySeed, runs.length])).toEqual([
    ['fifo', true, 1],
    ['lottery:1ms', false, 9],
  ])
  const all = (rows[1]?.runs ?? []).map(({ figures }) => figures.response ?? -1).sort((a, b) => a - b)
  expect(rows[1]?.spread.response).toEqual({ low: all[2], median: all[4], high: all[6] })
  expect([1, 2].map((at) => Number(quartiles[at]))).toEqual(
    [2, 6].map((at) => Number(((all[at] ?? 0) / 1e6).toFixed(2))),
  )
  // One that draws itself is another job with every seed, under any policy.
  const drawing = JSON.parse((await ipclab(...asked, '--json', '--set', 'draws=true')).out) as { rows: Row[] }
  expect(drawing.rows.map(({ runs }) => runs.length)).toEqual([9, 9])
})

test('the numbers of a column are written alike', () => {
  const all = (values: number[], coarse = false): string[] => values.map(times(values, coarse))
  expect(all([12_345_678, 900_000])).toEqual(['12.35ms', '0.90ms'])
  expect(all([3_000_000, 15_000_000])).toEqual(['3ms', '15ms'])
  expect(all([28_506_100, 3_354])).toEqual(['28.5ms', '3.354us'])
  expect(all([0, 70])).toEqual(['0ns', '70ns'])
  expect(all([0])).toEqual(['0ns'])
  expect(all([12, 3.5], true)).toEqual(['12.0', '3.5'])
  expect([187_654.3, 12].map(plain([187_654.3, 12]))).toEqual(['187654', '12'])
  const write = times([2_000_000, 4_500_000], false)
  expect(range(1_900_000, 2_400_000, write)).toBe('1.9–2.4ms')
  expect(range(3_000, 2_400_000, write)).toBe('3us–2.4ms')
  expect(range(2_000_001, 2_000_002, write)).toBeNull()
})

test('quartiles lie between neighbours where they fall on none', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ low: 1.75, median: 2.5, high: 3.25 })
  expect(spreadOf([7])).toEqual({ low: 7, median: 7, high: 7 })
  expect(spreadOf([])).toBeNull()
})

/** Who is woken first makes a difference. */
const QUEUE = `
import { choose, compute, map_anonymous, scenario } from 'ipclab'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'
export default scenario('a queue', {
  *setup() { const slot = yield* map_anonymous(32, { name: 'slot' }); yield* sem_init(slot, 1, 1); return slot },
  programs: { member: { copies: 4, *program({ shared, index }) {
    yield* sem_wait(shared)
    yield* compute(10 * index + (yield* choose(5)))
    yield* sem_post(shared)
  } } },
  expect: 'holds',
})
`

test.each([
  ['jobs.ts', ['--cost', 'x86-64', '--queues', 'per-cpu', '--set', 'draws=true']],
  ['queue.ts', ['--cost', 'zero']],
  ['queue.ts', ['--wake-order', 'lifo']],
])('each run of %s %j is the one that ipclab run makes with that seed', async (file, on) => {
  folder({ 'jobs.ts': JOBS, 'queue.ts': QUEUE })
  const asked = ['compare', file, '--policies', 'eevdf,lottery:1ms', '--cpus', '1,2', '--seeds', '3', '--json', ...on]
  for (const { policy, cpus, runs } of (JSON.parse((await ipclab(...asked)).out) as { rows: Row[] }).rows)
    for (const { seed, figures } of runs) {
      const machine = ['--policy', policy, '--cpus', String(cpus), '--seed', seed]
      const { totals } = JSON.parse((await ipclab('run', file, ...machine, '--json', ...on)).out)
      const { response, turnaround, waiting, switches, fairness } = totals
      expect(figures).toMatchObject({ response, turnaround, waiting, switches, fairness })
    }
})

/** Waits for what nobody sends, if that is what it draws. */
const MAY_LOCK = `
import { choose, scenario } from 'ipclab'
import { receive } from 'ipclab/message'
export default scenario('may lock', {
  programs: { *a() { if ((yield* choose(3)) === 0) yield* receive('a') } },
  expect: 'holds',
})
`

const LATE = `
import { compute, scenario, wait_period } from 'ipclab'
export default scenario('late', {
  programs: {
    a: { period: 10, deadline: 5, *program() { yield* compute(4); yield* wait_period() } },
    b: { period: 10, deadline: 9, *program() { yield* compute(4); yield* wait_period() } },
  },
  expect: 'holds',
})
`

test('runs that fail are told in their row, are not counted, and end in exit code 1', async () => {
  folder({ 'lock.ts': MAY_LOCK, 'expected.ts': DEADLOCK, 'late.ts': LATE })
  const { code, out } = await ipclab('compare', 'lock.ts', '--policies', 'fifo,rr')
  expect(code).toBe(1)
  expect(out).toMatch(/^fifo .* deadlock in \d+ of 20$/m)
  expect(out).toContain(
    'only runs that end as the scenario expects count, and a row with one that fails is not compared',
  )
  expect(out).not.toMatch(/\*|best|by turnaround/)
  const expected = await ipclab('compare', 'expected.ts', '--policies', 'fifo,rr')
  expect(expected.code).toBe(0)
  expect(expected.out).toMatch(/^fifo .* deadlock$/m)
  const never = await ipclab('compare', 'late.ts', '--policies', 'fifo', '--max-steps', '1')
  expect(never.code).toBe(1)
  expect(never.out).toMatch(/^fifo .* step limit$/m)
})

/** Given up with every other draw. */
const GIVEN_UP = `
import { assume, choose, compute, scenario } from 'ipclab'
export default scenario('given up', {
  params: { ways: { default: 2, about: 'how many ways there are, of which one is looked at' } },
  programs: {
    *a({ params }) { yield* compute(5); yield* assume((yield* choose(params.ways)) === params.ways - 2) },
    *b() { yield* compute(2) },
  },
  expect: 'holds',
})
`

test('runs that are given up speak neither for a policy nor against it', async () => {
  folder({ 'given-up.ts': GIVEN_UP })
  const { code, out } = await ipclab('compare', 'given-up.ts', '--policies', 'fifo,srtf')
  expect(code).toBe(0)
  expect(out).toMatch(/^fifo .* given up in \d+ of 20$/m)
  expect(out).toMatch(/^by turnaround: srtf .*, last fifo /m)
  const none = await ipclab('compare', 'given-up.ts', '--policies', 'fifo,srtf', '--set', 'ways=1')
  expect(none.code).toBe(3)
  expect(none.out).toMatch(/^fifo +1 +given up$/m)
})

test('what is named without its parameters is told with them', async () => {
  folder({ 'jobs.ts': JOBS })
  const asked = ['compare', 'jobs.ts', '--policies', 'fifo,rr:3ms,eevdf,stride']
  expect((await ipclab(...asked, '--cost', 'x86-64')).out).toMatch(/^by default eevdf:slice=3ms, stride:quantum=10ms$/m)
  expect((await ipclab(...asked, '--cost', 'unit')).out).toMatch(/^by default eevdf:slice=24, stride:quantum=80$/m)
})

test('without --cost a step costs a unit, or what it does on x86-64 where programs compute for longer', async () => {
  folder({ 'jobs.ts': JOBS })
  expect((await ipclab('compare', 'jobs.ts')).out).toMatch(/^4 policies on 1 CPU, costs x86-64$/m)
  expect((await ipclab('run', 'jobs.ts', '--policy', 'rr')).out).toMatch(/^rr:quantum=2ms on 1 CPU, costs x86-64$/m)
  expect((await ipclab('compare', 'textbook/shared-counter')).out).toMatch(/^4 policies on 1 CPU, costs unit$/m)
})

test('on a terminal the best is bold', async () => {
  folder({ 'jobs.ts': JOBS })
  const lines: string[] = []
  const bold = { ...paper(lines), colors: pc.createColors(true) }
  await perform(['compare', 'jobs.ts', '--policies', 'fifo,srtf', '--cost', 'zero'], bold)
  const esc = String.fromCharCode(27)
  const [heading, fifo, srtf] = lines.slice(4)
  expect(heading).toMatch(/policy +CPUs/)
  expect(fifo).not.toContain(`${esc}[1m4.33ms`)
  expect(srtf).toContain(`${esc}[1m1.00ms${esc}[22m`)
  expect(lines.join('\n')).not.toContain('*')
  expect(stripVTControlCharacters(srtf ?? '').indexOf('1.00ms')).toBe((fifo ?? '').indexOf('4.33ms'))
})

test('while somebody watches and it takes over a second it is told how far it is', () => {
  const told: string[] = []
  const watched = { ...paper([]), watched: true, tell: (text: string) => void told.push(text) }
  let now = 100
  const work = (onDone: (done: number, most: number) => void): string => {
    for (const [done, after] of [
      [1, 0.5],
      [2, 0.4],
      [3, 0.2],
      [4, 0.15],
      [5, 0.15],
    ] as const) {
      now += after
      onDone(done, 8)
    }
    return 'done'
  }
  expect(counting(watched, work, () => now)).toBe('done')
  const clear = `\r${String.fromCharCode(27)}[K`
  expect(told).toEqual([
    `${clear}3 of 8 runs, 2 s left; Ctrl-C ends it`,
    `${clear}5 of 8 runs, 1 s left; Ctrl-C ends it`,
    clear,
  ])
  told.length = 0
  counting({ ...watched, watched: false }, work, () => now)
  counting(
    watched,
    (onDone) => onDone(1, 1),
    () => now,
  )
  expect(told).toEqual([])
})

test('a missed deadline counts, and ends in exit code 1', async () => {
  folder({ 'late.ts': LATE })
  const late = await ipclab('compare', 'late.ts', '--cost', 'zero', '--policies', 'fifo,edf,rr:1')
  expect(late.code).toBe(1)
  expect(late.out).toMatch(/ missed$/m)
  expect(['fifo', 'edf', 'rr:1'].map((policy) => rowOf(late.out, policy).at(-1))).toEqual(['0*', '0*', '1'])
  expect((await ipclab('compare', 'late.ts', '--cost', 'zero', '--policies', 'fifo,edf')).code).toBe(0)
})

const COST = JSON.stringify(Object.fromEntries(Object.keys(COSTS).map((name) => [name, 0])))

test.each([
  [['--policies', 'fifo,magic'], /^there is no policy 'magic'; there are fifo, sjf, .*, edf, rate-monotonic$/],
  [['--policies', 'fifo,,rr'], /^option '--policies <list>' argument 'fifo,,rr' is invalid: write names with commas/],
  [['--policies', 'fifo,rr,fifo'], /'fifo' is there twice\.$/],
  [['--policies', 'rr:0'], /^'rr:0': quantum takes a time of at least 1ns, as in quantum=2ms/],
  [['--policies', 'rr:-2ms'], /^'rr:-2ms': quantum takes a time of at least 1ns/],
  [['--policies', 'rr:soon'], /^'rr:soon': there is no 'soon'; it takes quantum=2ms$/],
  [['--policies', 'fifo:2ms'], /^'fifo:2ms': there is no '2ms'; it takes nothing$/],
  [['--policies', 'priority:2'], /^'priority:2': there is no '2'; it takes inherit, ceiling$/],
  [['--policies', 'rr:2ms,rr:quantum=2ms'], /^'rr:2ms' and 'rr:quantum=2ms' are the same policy; name it once$/],
  [['--policies', 'priority:inherit:ceiling'], /it takes inherit or ceiling, not both$/],
  [['--cpus', '1,01'], /it takes whole numbers from 1 to 1024/],
  [['--cpus', '1,,2'], /it takes whole numbers from 1 to 1024/],
  [['--cpus', '1,5000'], /it takes whole numbers from 1 to 1024 with commas between, as in 1,2,4\.$/],
  [['--cpus', '0'], /it takes whole numbers from 1 to 1024/],
  [['--cpus', 'two'], /it takes whole numbers from 1 to 1024/],
  [['--seeds', 'some'], /^option '--seeds <n>' argument 'some' is invalid: it takes a whole number of at least 1\.$/],
  [['--seeds', '0'], /it takes a whole number of at least 1/],
  [['--queues', 'two'], /Allowed choices are global, per-cpu/],
  [['--cost', 'arm'], /^there is no cost model 'arm'; there are unit, zero, x86-64, or a file X\.json$/],
  [['--cost', 'missing.json'], /^missing\.json: copy \(a byte .*\) is missing; give it a number of ns/],
  [['--cost', 'negative.json'], /^negative\.json: copy \(.*\) takes a number of ns, at least 0, not -1$/],
  [['--set', 'size=3'], /size/],
])('what can not be used is told in one line: %j', async (options, message) => {
  folder({
    'jobs.ts': JOBS,
    'missing.json': COST.replace(',"copy":0', ''),
    'negative.json': COST.replace('"copy":0', '"copy":-1'),
  })
  const { code, err, out } = await ipclab('compare', 'jobs.ts', ...options)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^ipclab: .+\n$/)
  expect(err.slice('ipclab: '.length, -1)).toMatch(message)
})
