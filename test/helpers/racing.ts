import { int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'
import {
  boot,
  type Call,
  compareExchange,
  load,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  store,
  thread_create,
  thread_join,
} from 'ipclab/kernel'
import { mailbox_create } from 'ipclab/message'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { DataRaces, dfs, placeInWords, run } from 'ipclab/scheduler'
import { expect } from 'vitest'

/** Cases for the race detector: a word is written by one and read by another, and something is between. */

export interface Places {
  readonly x: number
  readonly flag: number
  readonly mutex: number
  readonly sem: number
  readonly cond: number
  readonly box: string
  readonly array: SharedArray<'i32'>
}

export type Body = (places: Places) => Program<unknown>

/** The words on which two accesses race in some schedule, the byte in them where it is not the first. */
export function racyIn(programs: Readonly<Record<string, Body>>, capacity = Infinity): string[] {
  const made: Scenario = scenario('case', {
    *setup() {
      return {
        x: yield* map_anonymous(64, { name: 'x' }),
        flag: yield* map_anonymous(64, { name: 'flag' }),
        mutex: yield* map_anonymous(40, { name: 'mutex' }),
        sem: yield* map_anonymous(32, { name: 'sem' }),
        cond: yield* map_anonymous(48, { name: 'cond' }),
        box: yield* mailbox_create('box', { capacity }),
        array: int32Array(yield* shared_array_buffer(8)),
      }
    },
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, body]) => [name, ({ shared }: { shared: Places }) => body(shared)]),
    ) as never,
    expect: 'holds',
  })
  const decider = dfs()
  const simulation = boot(made, { door: decider })
  const found = new Set<string>()
  const races = new DataRaces(simulation.machine, (page, byte) => found.add(placeInWords(simulation.state, page, byte)))
  let runs = 0
  for (; ; runs++) {
    simulation.start()
    if (!decider.begin(simulation, runs)) break
    races.clear()
    run(simulation, decider, { maxSteps: 200, observers: [() => races.observe()] })
  }
  expect(runs).toBeGreaterThan(0)
  return [...found].sort()
}

export const write = (places: Places) => store(places.x, 'i32', 1)
export const read = (places: Places) => load(places.x, 'i32')

/** Whether it succeeds. */
export function* attempt(call: Call<unknown>): Program<boolean> {
  try {
    yield* call
    return true
  } catch {
    return false
  }
}

/** A word of the case is written by one and then read by the other, who comes to it by what is between. */
export const handing = (first: Body, second: Body): Readonly<Record<string, Body>> => ({
  *P(places) {
    yield* write(places)
    yield* first(places)
  },
  *Q(places) {
    if ((yield* second(places)) !== false) yield* read(places)
  },
})

export function* one(call: Call<unknown>): Program {
  yield* call
}

export function* none(): Program {}

export function* locked(mutex: number): Program {
  yield* pthread_mutex_lock(mutex)
  yield* pthread_mutex_unlock(mutex)
}

/** Whether the flag is set. */
export function* set(flag: number, order: 'acquire' | 'relaxed'): Program<boolean> {
  return (yield* load(flag, 'i32', order)) === 1
}

/** Whether it was 1, and is 2 now. */
export function* swapped(flag: number, order: 'seq_cst' | 'release'): Program<boolean> {
  return (yield* compareExchange(flag, 'i32', 1, 2, order)) === 1
}

/** A thread makes two others, and does something before and after; both do something, or only the second does. */
export function threads(
  beside: (places: Places) => [Call<unknown> | null, Call<unknown> | null],
  child: (places: Places) => Call<unknown>,
  joinsIt = true,
): Readonly<Record<string, Body>> {
  return {
    *P(places) {
      const [before, after] = beside(places)
      if (before !== null) yield* before
      const idle = yield* thread_create(none)
      const made = yield* thread_create(function* () {
        yield* child(places)
      })
      yield* thread_join(joinsIt ? made : idle)
      if (after !== null) yield* after
    },
    *Q({ flag }) {
      yield* load(flag, 'i32')
    },
  }
}
