import type { Failure } from '../../scheduler/index.ts'
import { type Choice, isPick } from '../../scheduler/index.ts'

/** A failing schedule as the shrinker sees it, and which of two is the smaller. */

/** A step of a schedule, with what was chosen inside it. */
export interface Move {
  readonly choice: Choice
  readonly picks: readonly Choice[]
}

export const NO_PICKS: readonly Choice[] = []

/** What a schedule is compared by, first things first. */
export interface Size {
  readonly preemptions: number
  readonly steps: number
  /** Steps that are no thread's own: timers and faults. */
  readonly strokes: number
  /** How often another thread goes on than the one before, forced or not. */
  readonly switches: number
  /** Sum of the numbers of the options that were picked inside steps. */
  readonly picks: number
}

/** A schedule that was made, and fails in the way that it should. */
export interface Failing extends Size {
  readonly moves: readonly Move[]
  readonly failure: Failure
}

/** Negative when the first is the smaller. Of a set of schedules none is smaller than itself, by whatever way round: shrinking ends. */
export function compare(one: Size, other: Size): number {
  return (
    compareLength(one, other) || one.strokes - other.strokes || one.switches - other.switches || one.picks - other.picks
  )
}

/** As `compare`, by what counts before parameters do. */
export const compareLength = (one: Size, other: Size): number =>
  one.preemptions - other.preemptions || one.steps - other.steps

export function movesOf(choices: readonly Choice[]): Move[] {
  const moves: { choice: Choice; picks: Choice[] }[] = []
  for (const choice of choices) {
    const last = moves.at(-1)
    if (isPick(choice)) last?.picks.push(choice)
    else moves.push({ choice, picks: [] })
  }
  return moves
}

export const choicesOf = (moves: readonly Move[]): Choice[] => moves.flatMap(({ choice, picks }) => [choice, ...picks])
