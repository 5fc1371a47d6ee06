import { explore } from '../explore/index.ts'
import { boot, int32, map_anonymous, scenario } from '../kernel/index.ts'
import { numbers } from '../scheduler/index.ts'

/** The exploring loop, checks on and no trace kept, beside the least that generators and an array can do. */

/** Each process reads and writes one counter so many times: every one of its runs has the same number of events. */
const counter = scenario('counter, read and written', {
  params: {
    processes: { default: 3, about: 'how many' },
    times: { default: 2, about: 'reads and writes of each' },
  },
  setup: function* () {
    return { base: yield* map_anonymous(4, { name: 'counter' }) }
  },
  programs: {
    p: {
      copies: ({ processes }) => processes,
      *program({ shared, params }) {
        const counter = int32(shared.base)
        for (let i = 0; i < params.times; i++) {
          const value = yield* counter.load(0)
          yield* counter.store(0, value + 1)
        }
      },
    },
  },
  expect: 'holds',
})

/** The same with nothing of a kernel: what the language itself takes. */
function bare(executions: number): number {
  const stream = numbers('bare')
  const from = performance.now()
  for (let i = 0; i < executions; i++) {
    const memory = [0]
    const programs = [words(memory), words(memory), words(memory)]
    for (const program of programs) program.next()
    while (programs.length > 0) {
      const at = stream.below(programs.length)
      if (programs[at]?.next(memory[0] ?? 0).done === true) programs.splice(at, 1)
    }
  }
  return (executions / (performance.now() - from)) * 1000
}

function* words(memory: number[]): Generator<number, void, number> {
  for (let i = 0; i < 2; i++) {
    const value = yield 0
    memory[0] = value + 1
    yield 0
  }
}

async function sampled(executions: number): Promise<number> {
  const from = performance.now()
  await explore(counter, { strategy: 'random', executions })
  return (executions / (performance.now() - from)) * 1000
}

/** Steps a second of long runs. */
function steps(runs: number): number {
  const stream = numbers('steps')
  const pick = (_kind: string, _thread: string, count: number): number => stream.below(count)
  const simulation = boot(counter, { door: { pick }, params: { processes: 3, times: 2000 } })
  const { machine } = simulation
  let made = 0
  const from = performance.now()
  for (let i = 0; i < runs; i++) {
    simulation.start()
    for (let n = machine.options; n > 0; n = machine.options) machine.step(stream.below(n))
    made += machine.steps
  }
  return (made / (performance.now() - from)) * 1000
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? 0
const thousands = (n: number): string => `${Math.round(n / 1000)}k`.padStart(7)

export async function bench(): Promise<void> {
  const bares: number[] = []
  const explored: number[] = []
  const stepped: number[] = []
  for (let i = 0; i < 5; i++) {
    bares.push(bare(50_000))
    explored.push(await sampled(50_000))
    stepped.push(steps(20))
  }
  const floor = median(bares)
  const executions = median(explored)
  console.log(`  bare generators         ${thousands(floor)} executions/s of 3 processes, 2 reads and writes each`)
  console.log(
    `  explore, random         ${thousands(executions)} executions/s, ${ratio(executions, floor)} of that   (to reach: 350k)`,
  )
  console.log(
    `  the machine, long runs  ${thousands(median(stepped))} steps/s                               (to reach: 6000k)`,
  )
  await memory()
}

const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)}x`

/** Whether memory grows with the number of executions. `npm run bench explore` makes ten million with IPCLAB_LONG=1. */
async function memory(): Promise<void> {
  const executions = process.env.IPCLAB_LONG === undefined ? 1_000_000 : 10_000_000
  const tenth = executions / 10
  await sampled(tenth)
  const before = process.memoryUsage().rss
  await sampled(executions - tenth)
  const grown = (process.memoryUsage().rss - before) / 1024 / 1024
  console.log(`  ${executions.toLocaleString('en')} executions: ${grown.toFixed(1)} MB more than after the first tenth`)
}
