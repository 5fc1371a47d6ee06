import fc from 'fast-check'
import {
  boot,
  type Call,
  int32,
  type MemoryOrder,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
} from 'ipclab/kernel'
import {
  pthread_mutex_lock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  sem_post,
  sem_trywait,
  sem_wait,
} from 'ipclab/posix'
import { DataRaces, type Decider, dfs, dpor, run } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { adjacent, racesOf, type Step, stepOf } from '../helpers/race-oracle.ts'

/** The races of random programs, by vector clocks and by brute force, in every schedule and in one for each trace. */

interface Op {
  readonly op: 'load' | 'store' | 'add' | 'swap' | 'lock' | 'try' | 'post' | 'wait' | 'trywait'
  readonly word: number
  readonly order: MemoryOrder
  /** Done only if the last value read was 0. */
  readonly guarded: boolean
}

const WORDS = 2
const order = fc.constantFrom<MemoryOrder>(
  'plain',
  'plain',
  'plain',
  'relaxed',
  'acquire',
  'release',
  'acq_rel',
  'seq_cst',
)

const op = (guarded: boolean): fc.Arbitrary<Op> =>
  fc.record({
    op: fc.constantFrom(
      'load',
      'load',
      'store',
      'store',
      'store',
      'add',
      'swap',
      'lock',
      'try',
      'post',
      'wait',
      'trywait',
    ),
    word: fc.nat(WORDS - 1),
    order,
    guarded: guarded ? fc.boolean() : fc.constant(false),
  })

const programs = (guarded: boolean): fc.Arbitrary<Op[][]> =>
  fc.oneof(
    fc.array(fc.array(op(guarded), { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 2 }),
    fc.array(fc.array(op(guarded), { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
  )

function scenarioOf(bodies: readonly (readonly Op[])[]): Scenario {
  return scenario('random', {
    *setup() {
      return { words: yield* map_anonymous(64), mutex: yield* map_anonymous(40), sem: yield* map_anonymous(32) }
    },
    programs: Object.fromEntries(
      bodies.map((ops, at) => [`t${at}`, ({ shared }: { shared: Places }) => body(ops, shared)]),
    ) as never,
    expect: 'holds',
  })
}

interface Places {
  readonly words: number
  readonly mutex: number
  readonly sem: number
}

function* body(ops: readonly Op[], { words, mutex, sem }: Places): Program {
  const view = int32(words)
  let last = 0
  let has = false
  for (const { op, word, order, guarded } of ops) {
    if (guarded && last !== 0) continue
    // An atomic operation is no plain one.
    const atomic = order === 'plain' ? 'relaxed' : order
    if (op === 'load') last = yield* view.load(word, order)
    else if (op === 'store') yield* view.store(word, 1, order)
    else if (op === 'add') last = yield* view.add(word, 1, atomic)
    else if (op === 'swap') last = yield* view.compareExchange(word, 0, 2, atomic)
    else if (op === 'post') yield* sem_post(sem)
    else if (op === 'wait') yield* sem_wait(sem)
    else if (op === 'trywait') yield* attempt(sem_trywait(sem))
    else if (has) {
      yield* pthread_mutex_unlock(mutex)
      has = false
    } else if (op === 'lock') {
      yield* pthread_mutex_lock(mutex)
      has = true
    } else has = yield* attempt(pthread_mutex_trylock(mutex))
  }
  if (has) yield* pthread_mutex_unlock(mutex)
}

function* attempt(call: Call<void>): Program<boolean> {
  try {
    yield* call
    return true
  } catch {
    return false
  }
}

interface Seen {
  /** Pairs of accesses, each by its thread and its number in it. */
  readonly races: Set<string>
  readonly adjacent: Set<string>
}

function seenBy(
  made: Scenario,
  decider: Decider,
  most: number,
  each: (steps: Step[], races: string[]) => void,
): Seen | null {
  const simulation = boot(made, { door: decider })
  const seen: Seen = { races: new Set(), adjacent: new Set() }
  let races: string[] = []
  const clocks = new DataRaces(simulation.machine, (_page, _byte, first, second) => {
    races.push(`${first.step} ${second.step}`)
  })
  for (let index = 0; ; index++) {
    simulation.start()
    if (!decider.begin(simulation, index)) return seen
    if (index >= most) return null
    clocks.clear()
    races = []
    const steps: Step[] = []
    run(simulation, decider, {
      maxSteps: 100,
      observers: [
        () => {
          clocks.observe()
          steps.push(stepOf(simulation))
        },
      ],
    })
    each(steps, races)
    for (const pair of races) seen.races.add(named(steps, pair))
    for (const pair of adjacent(steps)) seen.adjacent.add(named(steps, pair))
  }
}

/** A pair of steps, each by its thread, its number in it, and what it is. */
function named(steps: readonly Step[], pair: string): string {
  const name = (step: number): string => {
    const { thread, call, order, writes } = steps[step - 1] as Step // it was made
    const own = steps.slice(0, step).filter((one) => one.thread === thread).length
    return `${thread}.${own} ${call} ${order} ${writes}`
  }
  return pair
    .split(' ')
    .map((step) => name(Number(step)))
    .sort()
    .join(', ')
}

const sorted = (set: Iterable<string> | undefined): string[] => [...(set ?? [])].sort()
const numRuns = Number(process.env.RUNS ?? 150)

test('clocks see the races that brute force sees, and as many in one run of each trace as in all', () => {
  fc.assert(
    fc.property(programs(true), (bodies) => {
      const made = scenarioOf(bodies)
      const every = seenBy(made, dfs(), 400, (steps, races) => expect(sorted(races)).toEqual(sorted(racesOf(steps))))
      fc.pre(every !== null)
      const reduced = seenBy(made, dpor(), 400, () => {})
      expect(sorted(reduced?.races)).toEqual(sorted(every?.races))
      // What comes directly after another's access is ordered with it by nothing.
      for (const pair of every?.adjacent ?? []) expect(every?.races).toContain(pair)
    }),
    { numRuns },
  )
}, 600_000)

test('where nothing hangs on what is read, two accesses race if and only if some schedule has them side by side', () => {
  fc.assert(
    fc.property(
      programs(false).map((bodies) =>
        bodies.map((ops) => ops.filter(({ op }) => !['try', 'trywait', 'swap'].includes(op))),
      ),
      (bodies) => {
        const every = seenBy(scenarioOf(bodies), dfs(), 400, () => {})
        fc.pre(every !== null)
        expect(sorted(every?.races)).toEqual(sorted(every?.adjacent))
      },
    ),
    { numRuns },
  )
}, 600_000)
