import { int32, map_anonymous, type Program, scenario } from '../kernel/index.ts'
import { random } from '../scheduler/index.ts'
import { history, record, type Trace } from '../trace/index.ts'

/** What recording costs, and how long it takes to look into the past. */

const words = scenario('three processes at one counter, for ever', {
  setup: function* () {
    return { base: yield* map_anonymous(4096, { name: 'counter' }) }
  },
  programs: { p: { program, copies: 3 } },
  expect: 'holds',
})

function* program({ shared }: { shared: { base: number } }): Program {
  const counter = int32(shared.base)
  for (;;) {
    const value = yield* counter.load(0)
    yield* counter.store(0, value + 1)
  }
}

const now = (): number => performance.now() / 1000

function timed<T>(work: () => T): { result: T; seconds: number } {
  const from = now()
  const result = work()
  return { result, seconds: now() - from }
}

/** The best of a few, as other work on the machine only ever makes it slower. */
function best(times: number, work: () => number): number {
  let most = 0
  for (let i = 0; i < times; i++) most = Math.max(most, work())
  return most
}

const make = (maxSteps: number, lines: boolean): Trace => record(words, { decider: random('bench'), maxSteps, lines })

/** Steps a second, with the text made. */
function recording(steps: number, lines: boolean): number {
  const { seconds } = timed(() => {
    const trace = make(steps, lines)
    let length = 0
    for (const chunk of trace.chunks()) length += chunk.length
    return length
  })
  return steps / seconds
}

/** Steps a second of a history filled from one end to the other. */
function filling(trace: Trace): number {
  const { seconds } = timed(() => {
    const past = history(trace, words)
    for (let step = 1; step <= trace.steps; step++) past.at(step)
  })
  return trace.steps / seconds
}

/** Seconds of the slowest of some seeks into a history that has nothing ready. */
function seeking(trace: Trace): number {
  let worst = 0
  for (const step of [trace.steps, 50_000, 99_000, 1024, 73_456]) {
    worst = Math.max(worst, timed(() => history(trace, words).at(step)).seconds)
  }
  return worst
}

const thousands = (count: number): string => `${Math.round(count / 1000)}k`

/** Prints what was measured against what is asked for. */
export function bench(): void {
  const trace = make(100_000, false)
  const rows: [name: string, got: string, asked: string, ratio: number][] = []
  const rate = (name: string, got: number, asked: number) =>
    rows.push([name, `${thousands(got)} steps/s`, `${thousands(asked)} steps/s`, got / asked])
  rate(
    'recording, text made, without lines',
    best(3, () => recording(200_000, false)),
    500_000,
  )
  rate(
    'recording, text made, with lines',
    best(3, () => recording(100_000, true)),
    500_000,
  )
  rate(
    'recording with history',
    best(3, () => filling(trace)),
    25_000,
  )
  const seconds = seeking(trace)
  rows.push(['seeking in 100,000 steps, slowest', `${seconds.toFixed(3)} s`, '1 s', 1 / seconds])
  for (const [name, got, asked, ratio] of rows) {
    console.log(`${name.padEnd(38)} ${got.padStart(14)}   asked ${asked.padStart(14)}   ${ratio.toFixed(2)} times`)
  }
}
