import { explore } from '../explore/index.ts'
import { boot, int32, map_anonymous, scenario } from '../kernel/index.ts'
import { numbers } from '../scheduler/index.ts'
import { exhaustive, samplers } from './explorers.ts'
import { median, processorSeconds, ratio, table, thousands } from './table.ts'

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
  const from = processorSeconds()
  for (let i = 0; i < executions; i++) {
    const memory = [0]
    const programs = [words(memory), words(memory), words(memory)]
    for (const program of programs) program.next()
    while (programs.length > 0) {
      const at = stream.below(programs.length)
      if (programs[at]?.next(memory[0] ?? 0).done === true) programs.splice(at, 1)
    }
  }
  return executions / (processorSeconds() - from)
}

function* words(memory: number[]): Generator<number, void, number> {
  for (let i = 0; i < 2; i++) {
    const value = yield 0
    memory[0] = value + 1
    yield 0
  }
}

async function sampled(executions: number): Promise<number> {
  const from = processorSeconds()
  await explore(counter, { strategy: 'random', executions })
  return executions / (processorSeconds() - from)
}

/** Steps a second of long runs. */
function steps(runs: number): number {
  const stream = numbers('steps')
  const pick = (_kind: string, _thread: string, count: number): number => stream.below(count)
  const simulation = boot(counter, { door: { pick }, params: { processes: 3, times: 2000 } })
  const { machine } = simulation
  let made = 0
  const from = processorSeconds()
  for (let i = 0; i < runs; i++) {
    simulation.start()
    for (let n = machine.options; n > 0; n = machine.options) machine.step(stream.below(n))
    made += machine.steps
  }
  return made / (processorSeconds() - from)
}

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
  await memory()
  table('3 processes that read and write a counter twice each', [
    ['', 'a second', 'of bare', 'to reach'],
    ['executions with bare generators', thousands(floor), '', ''],
    ['executions of explore, random', thousands(executions), ratio(executions, floor), '350k'],
    ['steps of the machine, long runs', thousands(median(stepped)), '', '6000k'],
  ])
  await samplers()
  await exhaustive()
}

/** Whether memory grows with the number of executions: a million, or ten with IPCLAB_LONG=1. */
async function memory(): Promise<void> {
  const executions = process.env.IPCLAB_LONG === undefined ? 1_000_000 : 10_000_000
  const tenth = executions / 10
  await sampled(tenth)
  const before = process.memoryUsage().rss
  await sampled(executions - tenth)
  const after = process.memoryUsage().rss
  table(`memory after ${executions.toLocaleString('en')} sampled executions`, [
    ['all of the process', megabytes(after), 'to stay under 200 MB'],
    ['more than after the first tenth', megabytes(after - before), ''],
  ])
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`
