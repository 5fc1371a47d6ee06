import { CHOSEN } from '../../scheduler/index.ts'
import { Follower } from './follow.ts'
import type { Move } from './moves.ts'

/**
 * The neighbourhood of a schedule: all that is tried to make it smaller, the coarse before the fine. Each edit gives
 * its neighbours by number, as each is asked for on what the ones before have made of the schedule.
 */

/** Neighbour number `index` of a schedule, to be followed; `null`: there is none of that number; `over`: nor of any other. */
export type Edit = (schedule: Outline, index: number) => Follower | null | 'over'

/** How far a stretch is moved out of its place. */
const DISTANCE_MAX = 4
/** Choices inside a step that are tried in place of a larger one. */
const PICKS_TRIED = 8

/** A schedule in stretches, in each of which one thread goes on alone. */
export class Outline {
  readonly moves: readonly Move[]
  readonly stretches: readonly (readonly Move[])[]
  /** Where something is picked inside a step: in which move, and as which of its picks. */
  readonly picks: readonly (readonly [move: number, inside: number])[]

  constructor(moves: readonly Move[]) {
    const stretches: Move[][] = []
    for (const move of moves) {
      const last = stretches.at(-1)
      if (last?.[0]?.choice === move.choice) last.push(move)
      else stretches.push([move])
    }
    this.moves = moves
    this.picks = moves.flatMap(({ picks }, at) => picks.map((_, inside) => [at, inside] as const))
    this.stretches = stretches
  }

  /** In which stretch that stretch's thread goes on, or was before: -1 if in none. */
  sameThread(from: number, by: 1 | -1): number {
    const choice = this.stretches[from]?.[0]?.choice
    for (let at = from + by; at >= 0 && at < this.stretches.length; at += by)
      if (this.stretches[at]?.[0]?.choice === choice) return at
    return -1
  }

  /** Number of moves before a stretch. */
  startOf(stretch: number): number {
    let start = 0
    for (let i = 0; i < stretch; i++) start += this.stretches[i]?.length ?? 0
    return start
  }

  /** Without some stretches. */
  without(from: number, to: number): Move[] {
    return [...this.stretches.slice(0, from), ...this.stretches.slice(to)].flat()
  }

  /** With a stretch in another place. */
  moved(from: number, to: number): Move[] {
    const order = [...this.stretches]
    order.splice(to, 0, ...order.splice(from, 1))
    return order.flat()
  }
}

/** Goes through parts of so many: halves first, then quarters, down to single ones. */
function part(count: number, index: number): readonly [from: number, to: number] | null {
  let left = index
  for (let parts = 2; ; parts *= 2) {
    const size = Math.ceil(count / parts)
    const here = Math.ceil(count / Math.max(1, size))
    if (left < here) return [left * size, Math.min(count, (left + 1) * size)]
    if (size <= 1) return null
    left -= here
  }
}

/** Some threads go on where they were preempted. */
const goOn: Edit = (schedule, index) => {
  const range = part(schedule.stretches.length, index)
  if (range === null) return 'over'
  return new Follower(schedule.moves, [schedule.startOf(range[0]), schedule.startOf(range[1])])
}

/** Some stretches are left out. */
const leaveOut: Edit = (schedule, index) => {
  const range = part(schedule.stretches.length, index)
  return range === null ? 'over' : new Follower(schedule.without(range[0], range[1]))
}

/** Only the beginning is kept. */
const cutOff: Edit = (schedule, index) => {
  const { stretches } = schedule
  return index >= stretches.length ? 'over' : new Follower(schedule.without(index, stretches.length))
}

/** A stretch comes directly before the thread's next one, or directly after the one before. */
const join: Edit = (schedule, index) => {
  const at = index >> 1
  if (at >= schedule.stretches.length) return 'over'
  const other = schedule.sameThread(at, index % 2 === 0 ? 1 : -1)
  if (other < 0) return null
  return new Follower(schedule.moved(at, other > at ? other - 1 : other + 1))
}

/** A stretch changes its place with others, before it and behind it. */
const exchange: Edit = (schedule, index) => {
  const { length } = schedule.stretches
  const at = Math.floor(index / (2 * DISTANCE_MAX))
  if (at >= length) return 'over'
  const by = (index % (2 * DISTANCE_MAX)) - DISTANCE_MAX
  const to = by < 0 ? at + by : at + by + 1
  return to < 0 || to >= length ? null : new Follower(schedule.moved(at, to))
}

/** One step is left out. */
const skip: Edit = ({ moves }, index) => (index >= moves.length ? 'over' : new Follower(moves.toSpliced(index, 1)))

/** What is picked inside a step is another: one of the first of a program's choices, the first of those who can be woken. */
const pickLess: Edit = ({ moves, picks }, index) => {
  const place = picks[Math.floor(index / PICKS_TRIED)]
  if (place === undefined) return 'over'
  const which = index % PICKS_TRIED
  const [at, inside] = place
  const move = moves[at]
  const pick = move?.picks[inside]
  if (move === undefined || pick === undefined) return null
  if (!pick.startsWith(CHOSEN) && which > 0) return null
  const less = pick.startsWith(CHOSEN) ? `${CHOSEN}${which}` : '' // which nobody is called, so that it is the first
  if (less === pick) return null
  return new Follower(moves.with(at, { choice: move.choice, picks: move.picks.with(inside, less) }))
}

export const edits: readonly Edit[] = [cutOff, goOn, leaveOut, join, exchange, skip, pickLess]
