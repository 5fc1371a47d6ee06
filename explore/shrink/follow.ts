import type { Machine, PickKind } from '../../kernel/index.ts'
import { CHOSEN, type Choice, type Decider, optionOf, WOKEN } from '../../scheduler/index.ts'
import { choicesOf, type Move, NO_PICKS } from './moves.ts'

/**
 * Follows a schedule that may be impossible: what can't happen is left out, and behind its end the running thread goes
 * on, or the first that can.
 */
export class Follower implements Decider {
  readonly name = 'shrinking'
  readonly keepsTime = false
  readonly complete = false
  readonly #moves: readonly Move[]
  readonly #stubborn: readonly [from: number, to: number]
  #at = 0
  #picks: readonly Choice[] = NO_PICKS
  #picked = 0

  /** @param stubborn from which move up to which the running thread goes on as long as it can */
  constructor(moves: readonly Move[], stubborn: readonly [from: number, to: number] = [0, 0]) {
    this.#moves = moves
    this.#stubborn = stubborn
  }

  /** The same for two that would make the same run. */
  get key(): string {
    return `${this.#stubborn.join()} ${choicesOf(this.#moves).join()}`
  }

  begin(): boolean {
    return true
  }

  next(machine: Machine): number {
    this.#picks = NO_PICKS
    this.#picked = 0
    for (let move = this.#moves[this.#at]; move !== undefined; move = this.#moves[this.#at]) {
      if (this.#refuses(machine, move)) return 0
      this.#at += 1
      const option = optionOf(machine, move.choice)
      if (option < 0) continue
      this.#picks = move.picks
      return option
    }
    return 0
  }

  #refuses(machine: Machine, { choice }: Move): boolean {
    const [from, to] = this.#stubborn
    const { running, runningGoesOn } = machine
    return this.#at >= from && this.#at < to && runningGoesOn && running?.id !== choice
  }

  pick(kind: PickKind, _thread: string, count: number, label: (index: number) => string): number {
    const wished = this.#picks[this.#picked]
    this.#picked += 1
    const mark = kind === 'choose' ? CHOSEN : WOKEN
    if (wished !== undefined) for (let i = 0; i < count; i++) if (mark + label(i) === wished) return i
    return 0
  }
}
