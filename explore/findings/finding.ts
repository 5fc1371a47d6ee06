import type { Id } from '../../kernel/index.ts'

/** Something that has a name of its own, seen in a run, with its evidence. */
export interface Finding {
  readonly name:
    | 'lost wake-up'
    | 'priority inversion'
    | 'convoy'
    | 'thundering herd'
    | 'starvation'
    | 'data race'
    | 'lock-order inversion'
  readonly object: string
  readonly threads: readonly Id[]
  /** Where it is to be seen, from 1, in order. */
  readonly steps: readonly number[]
  /** Under a policy: for how long, in virtual ns. What of, the text says. */
  readonly ns?: number
  /** What happened, with steps and lines. */
  readonly text: string
}
