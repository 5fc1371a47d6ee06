import { sem_init, sem_post, sem_wait } from '../../ipc/posix/index.ts'
import { compute, io, map_anonymous, type Program, type Scenario, scenario, yield_ } from '../../kernel/index.ts'

/** Programs that never end, of so many processes: what schedulers are kept busy with. Times in virtual ns. */

const US = 1_000
const MS = 1_000_000

/** From 0.5 to 1.5. */
const PARTS = Array.from({ length: 1024 }, (_, i) => 0.5 + ((i * 7919) % 1024) / 1024)

/** So much in the mean, another for each process and turn, and the same in every run. */
const spread = (mean: number, index: number, turn: number): number =>
  Math.floor(mean * (PARTS[(index + turn) & 1023] as number)) // there are 1024

const WEIGHTS = [0, 0, 0, 5, -5]
/** What policies that go by it are told of each. */
const scheduling = {
  nice: (_params: unknown, index: number): number => WEIGHTS[index % WEIGHTS.length] ?? 0,
  tickets: (_params: unknown, index: number): number => 50 + (index % 4) * 50,
  period: (_params: unknown, index: number): number => (10 + (index % 90)) * MS,
}

function* crunches(index: number): Program {
  for (let turn = 0; ; turn++) yield* compute(spread(5 * MS, index, turn))
}

/** Half of them wait for a device at any time, however many there are. */
function* mixes(index: number, count: number): Program {
  for (let turn = 0; ; turn++) {
    yield* compute(spread(500 * US, index, turn))
    yield* yield_()
    yield* compute(spread(500 * US, index, turn + 1))
    yield* io(spread(count * MS, index, turn))
  }
}

type Said = typeof scheduling | Record<never, never>

const apart = (count: number, said: Said, program: (index: number, count: number) => Program): Scenario =>
  scenario('apart', {
    programs: { p: { copies: count, ...said, program: ({ index }) => program(index, count) } },
    expect: 'holds',
  })

/** Pairs that pass a token to and fro over two semaphores. */
const pairs = (count: number, said: Said): Scenario =>
  scenario('ping-pong', {
    setup: function* () {
      const base = yield* map_anonymous(count * 32, { name: 'semaphores' })
      for (let i = 0; i < count; i++) yield* sem_init(base + i * 32, 1, i % 2 === 0 ? 1 : 0)
      return { base }
    },
    programs: {
      p: {
        copies: count,
        ...said,
        *program({ shared, index }) {
          const mine = shared.base + (index - 1) * 32
          const other = shared.base + ((index - 1) ^ 1) * 32
          for (;;) {
            yield* sem_wait(mine)
            yield* compute(20 * US)
            yield* sem_post(other)
          }
        },
      },
    },
    expect: 'holds',
  })

const MAKERS = {
  'bursts of 5 ms': (count: number, said: Said) => apart(count, said, crunches),
  'bursts, yields, I/O': (count: number, said: Said) => apart(count, said, mixes),
  'ping-pong': pairs,
} as const

export type Workload = keyof typeof MAKERS

export const workloads = Object.keys(MAKERS) as Workload[] // its keys

/** @param told policies are told of nice values, tickets and periods; else all processes are alike */
export const workload = (name: Workload, processes: number, told: boolean): Scenario =>
  MAKERS[name](processes, told ? scheduling : {})
