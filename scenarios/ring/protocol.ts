import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'

/**
 * How the two sides of `ipclab/ring` tell each other how far they are, and sleep: step by step as it is in ipc/ring. What is
 * atomic there is a call of `Atomics` here, on the same cell; test/scenarios/ring.test.ts holds the two against each other.
 * Left out are the spinning before a sleep, and its time-out. With it nobody sleeps for ever; without it whoever sleeps though
 * there is news is a deadlock, and found.
 *
 * A side publishes how far it is by an exchange on its cell, which tells it whether the other sleeps there. Who wants to sleep
 * leaves a mark in the cell, by a compare-and-swap that fails if there is news, looks once more, since that it was closed is
 * told elsewhere, and sleeps on the marked value. Take the second look out of `wait`, and closing is missed.
 */
export default scenario('publishing, and sleeping on what is published', {
  source: 'ipc/ring/protocol.ts, waiting.ts',
  about:
    'One side publishes positions, and may close behind them, or somebody else does. The other sleeps until there is news, and sleeps through none.',
  params: {
    positions: { default: 3, min: 0, max: 50, about: 'how many are published' },
    start: { default: 0x7ffffffe, about: 'the position to begin with, doubled: by default their sign changes' },
    closes: { default: 'nobody', oneOf: ['nobody', 'publisher', 'another'], about: 'who closes it in the end' },
  },
  ghost: () => ({ seen: 0, asleep: false }),
  *setup({ params: { start } }) {
    const cells = int32Array(yield* shared_array_buffer(8))
    yield* Atomics.store(cells, POSITION, start)
    return cells
  },
  programs: {
    *publisher({ params: { positions, start, closes }, shared: cells }) {
      for (let i = 1; i <= positions; i++) yield* publish(cells, POSITION, (start + 2 * i) | 0)
      if (closes === 'publisher') yield* close(cells)
    },
    *sleeper({ params: { positions, start, closes }, shared: cells, ghost }) {
      let position = start
      const waiter: Waiter = {
        *look() {
          const closed = (yield* Atomics.load(cells, CLOSING)) !== 0
          if ((yield* published(cells, POSITION)) !== position) return 'ready'
          return closed ? 'closed' : null
        },
        *fallAsleep() {
          if (!(yield* markAsleep(cells, POSITION, position))) return null
          ghost.asleep = true
          return { cell: POSITION, value: position | ASLEEP }
        },
        *wakeUp() {
          yield* unmark(cells, POSITION, position)
        },
      }
      while ((closes !== 'nobody' || ghost.seen < positions) && (yield* wait(cells, waiter)) === 'ready') {
        position = yield* published(cells, POSITION)
        ghost.seen = ((position - start) | 0) >> 1
      }
    },
    another: {
      copies: ({ closes }) => (closes === 'another' ? 1 : 0),
      *program({ shared: cells }) {
        yield* close(cells)
      },
    },
  },
  atEnd: {
    'all that was published has been seen, unless another closed before': ({ params: { positions, closes }, ghost }) =>
      closes === 'another' || ghost.seen === positions,
  },
  sometimes: {
    'one sleeps': ({ ghost }) => ghost.asleep,
  },
  expect: 'proved',
})

const POSITION = 0
const CLOSING = 1

function* close(cells: Cells): Program {
  yield* Atomics.store(cells, CLOSING, 1)
  yield* rouse(cells, POSITION)
}

export type Cells = SharedArray<'i32'>

/** As ipc/ring/protocol.ts. */
export const ASLEEP = 1

export function* publish(cells: Cells, cell: number, position: number): Program {
  if (((yield* Atomics.exchange(cells, cell, position)) & ASLEEP) !== 0) yield* Atomics.notify(cells, cell)
}

export function* publishAndRing(cells: Cells, cell: number, position: number, bell: number): Program {
  if (((yield* Atomics.exchange(cells, cell, position)) & ASLEEP) === 0) return
  if (bell !== cell) yield* Atomics.add(cells, bell, 1)
  yield* Atomics.notify(cells, bell)
}

export function* published(cells: Cells, cell: number): Program<number> {
  return (yield* Atomics.load(cells, cell)) & ~ASLEEP
}

export function* markAsleep(cells: Cells, cell: number, position: number): Program<boolean> {
  return ((yield* Atomics.compareExchange(cells, cell, position, position | ASLEEP)) & ~ASLEEP) === position
}

export function* unmark(cells: Cells, cell: number, position: number): Program {
  yield* Atomics.compareExchange(cells, cell, position | ASLEEP, position)
}

export function* rouse(cells: Cells, cell: number): Program {
  yield* Atomics.and(cells, cell, ~ASLEEP)
  yield* Atomics.notify(cells, cell)
}

/** As ipc/ring/waiting.ts, without spinning, and without a limit to the sleep. */
export type Woken = 'ready' | 'closed' | 'peer dead'

export interface Bed {
  readonly cell: number
  readonly value: number
}

export interface Waiter {
  look(): Program<Woken | null>
  fallAsleep(): Program<Bed | null>
  wakeUp(): Program
}

export function* wait(cells: Cells, waiter: Waiter): Program<Woken> {
  for (;;) {
    const woken = yield* waiter.look()
    if (woken !== null) return woken
    const bed = yield* waiter.fallAsleep()
    if (bed === null) continue
    if ((yield* waiter.look()) === null) yield* Atomics.wait(cells, bed.cell, bed.value)
    yield* waiter.wakeUp()
  }
}
