import { choose, type Program, scenario, type World } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import { ASLEEP, type Bed, type Cells, markAsleep, rouse, unmark, type Waiter, type Woken } from './protocol.ts'

/**
 * Whose an end of a ring is: one word says whether it is taken, how often it was, and whether its last owner closed the ring or
 * died; so what is said of one owner never strikes the next. Several want an end here, each to hold it for a while. One may
 * die, and is declared dead by two at once, while the others go on wanting.
 */
export default scenario("the ends of a ring: one owner at a time, and nobody dies another's death", {
  source: 'ipc/ring/ends.ts, lane-end.ts, outside.ts',
  about:
    'Who takes an end has it alone. Who died is declared dead twice, and the end can be taken again; the next owner is not taken for dead.',
  params: {
    others: { default: 1, min: 1, max: 4, about: 'how many want the end besides the one who dies' },
    witnesses: { default: 2, min: 1, max: 3, about: 'how many declare it dead' },
  },
  ghost: () => ({ owners: [] as string[], dead: '', taken: 0 }),
  *setup() {
    const cells = int32Array(yield* shared_array_buffer(4 * (HEAD_CELLS + LANE_CELLS)))
    const lane = laneAt(cells, HEAD_CELLS, 0)
    yield* takeEnd(cells, lane.at + PRODUCER, DEAD)
    return lane
  },
  programs: {
    witness: {
      copies: ({ witnesses }) => witnesses,
      *program({ shared: lane }) {
        yield* declareDead(lane, PRODUCER, DEAD)
      },
    },
    other: {
      copies: ({ others }) => others,
      *program({ shared: { cells, at }, ghost, name }) {
        yield* cells.await_(at + PRODUCER, (word) => (word & TAKEN) === 0)
        const ours = yield* takeEnd(cells, at + PRODUCER, 0)
        if (ours === 0) return
        ghost.owners.push(name)
        ghost.taken += 1
        if (((yield* Atomics.load(cells, at + PRODUCER)) & DIED) !== 0) ghost.dead = name
        ghost.owners.splice(ghost.owners.indexOf(name), 1)
        if (!(yield* freeEnd(cells, at + PRODUCER, ours, 0))) ghost.dead = name
      },
    },
  },
  invariants: {
    'an end has one owner': ({ ghost }) => ghost.owners.length <= 1,
    'who lives is not taken for dead': ({ ghost }) => ghost.dead === '' || `${ghost.dead} is`,
  },
  atEnd: {
    'somebody had the end': ({ ghost }) => ghost.taken > 0,
  },
  expect: 'proved',
})

/** The owner who has died. */
const DEAD = 7

/** As ipc/ring/layout.ts, but for the room between the cells: where the consumer of many lanes sleeps, and the lanes. */
export const DOORBELL = 0
export const HEAD_CELLS = 1

/** A lane: its cells, and then its messages. */
export const PRODUCER = 0
export const CONSUMER = 1
export const WRITTEN = 2
export const READ = 3
export const LANE_CELLS = 4

export interface Lane {
  readonly cells: Cells
  /** Its first cell. */
  readonly at: number
  readonly slots: number
  /** Where the consumer sleeps. */
  readonly bell: number
}

export const laneAt = (cells: Cells, at: number, slots: number, bell = at + WRITTEN): Lane => ({
  cells,
  at,
  slots,
  bell,
})

/** As ipc/ring/ends.ts and outside.ts. */
export const TAKEN = 1
export const DIED = 2
export const CLOSED = 4
const GENERATIONS = 0x7f8
const ONE_MORE = 8
const OWNER_SHIFT = 11

/** What who takes an end first has in its cell. */
export const TAKEN_FIRST = ONE_MORE | TAKEN

export function* takeEnd(cells: Cells, cell: number, owner: number): Program<number> {
  for (;;) {
    const word = yield* Atomics.load(cells, cell)
    if ((word & TAKEN) !== 0) return 0
    const ours = (owner << OWNER_SHIFT) | ((word + ONE_MORE) & GENERATIONS) | (word & CLOSED) | TAKEN
    if ((yield* Atomics.compareExchange(cells, cell, word, ours)) === word) return ours
  }
}

export function* freeEnd(cells: Cells, cell: number, ours: number, fate: number): Program<boolean> {
  for (;;) {
    const word = yield* Atomics.load(cells, cell)
    if ((word & ~CLOSED) !== (ours & ~CLOSED)) return false
    const free = (word & (GENERATIONS | CLOSED)) | fate
    if ((yield* Atomics.compareExchange(cells, cell, word, free)) === word) return true
  }
}

export function* rouseLane({ cells, at }: Lane): Program {
  yield* rouse(cells, at + WRITTEN)
  yield* rouse(cells, at + READ)
  yield* Atomics.add(cells, DOORBELL, 1)
  yield* Atomics.notify(cells, DOORBELL)
}

/** @param owner whom alone it is meant for; 0: whoever has the end */
export function* declareDead(lane: Lane, end: number, owner: number): Program {
  const cell = lane.at + end
  const word = yield* Atomics.load(lane.cells, cell)
  if ((word & TAKEN) !== 0 && (owner === 0 || word >>> OWNER_SHIFT === owner))
    yield* freeEnd(lane.cells, cell, word, DIED)
  yield* rouseLane(lane)
}

export function* close(lane: Lane): Program {
  for (const end of [PRODUCER, CONSUMER]) yield* Atomics.or(lane.cells, lane.at + end, CLOSED)
  yield* rouseLane(lane)
}

/** Before which of its calls somebody may die where that is open. */
const CALLS = 40

/**
 * Runs what a thread does until it is through, or dies. Whether it died; the caller is then the thread's parent, who has seen
 * it end. That is noted behind the ring, in its last cell: in the ghost, which is one for all, it would come in every order
 * with whatever else is noted there, and there would be many times as many schedules.
 * @param at before which of its calls, the first being 1; 0: before any of the first 40
 */
export function* mortal(cells: Cells, life: Program, at: number): Program<boolean> {
  let left = at === 0 ? 1 + (yield* choose(CALLS)) : at
  for (let next = life.next(); next.done !== true; next = life.next(yield next.value)) {
    left -= 1
    if (left > 0) continue
    yield* cells.set(cells.length - 1, 1)
    return true
  }
  return false
}

type Load = World['load']

/** Whether somebody has died. */
export const isDead = (load: Load, cells: Cells): boolean => load(cells.addressOf(cells.length - 1), 'i32') === 1

/** Cells behind a ring, a row for each of several, who note there what they have come to: see `mortal` for why not in the ghost. */
export interface Rows {
  readonly at: number
  readonly count: number
  readonly length: number
}

/** @param values none of them 0 */
export function* noteRow(cells: Cells, { at, length }: Rows, row: number, values: readonly number[]): Program {
  for (const [i, value] of values.entries()) yield* cells.set(at + row * length + i, value)
}

export const rowsIn = (load: Load, cells: Cells, { at, count, length }: Rows): number[][] =>
  Array.from({ length: count }, (_, row) =>
    Array.from({ length }, (__, i) => load(cells.addressOf(at + row * length + i), 'i32')).filter(
      (value) => value !== 0,
    ),
  )

/** As ipc/ring/lane-end.ts, and how it sleeps, on the one cell that the other side publishes on. */
export abstract class LaneEnd implements Waiter {
  protected readonly lane: Lane
  readonly #end: number
  readonly #bed: number
  #position = 0
  #ours = 0
  #closed = false
  #left = false

  constructor(lane: Lane, end: number) {
    this.lane = lane
    this.#end = end
    this.#bed = lane.at + (end === PRODUCER ? READ : WRITTEN)
  }

  get cells(): Cells {
    return this.lane.cells
  }

  /** @param ours what `takeEnd` has given */
  protected has(ours: number): void {
    this.#ours = ours
    this.#closed = (ours & CLOSED) !== 0
  }

  *fate(): Program<Woken | null> {
    if (this.#closed) return 'closed'
    const peer = this.#end === PRODUCER ? CONSUMER : PRODUCER
    const word = yield* Atomics.load(this.lane.cells, this.lane.at + peer)
    if ((word & CLOSED) !== 0) return 'closed'
    return (word & DIED) !== 0 ? 'peer dead' : null
  }

  protected abstract settle(): Program
  protected abstract stop(): void
  abstract look(): Program<Woken | null>
  /** What the cell that we sleep on holds as long as there is nothing new. */
  protected abstract readonly known: number;

  *fallAsleep(): Program<Bed | null> {
    yield* this.settle()
    this.#position = this.known
    const asleep = yield* markAsleep(this.lane.cells, this.#bed, this.#position)
    return asleep ? { cell: this.#bed, value: this.#position | ASLEEP } : null
  }

  *wakeUp(): Program {
    yield* unmark(this.lane.cells, this.#bed, this.#position)
  }

  *close(): Program {
    yield* this.#leave(CLOSED)
  }

  *detach(): Program {
    yield* this.#leave(0)
  }

  *#leave(fate: number): Program {
    if (this.#left) return
    yield* this.settle()
    this.#closed = true
    this.#left = true
    this.stop()
    const { cells, at } = this.lane
    if ((yield* freeEnd(cells, at + this.#end, this.#ours, fate)) && fate !== 0) yield* rouseLane(this.lane)
  }
}
