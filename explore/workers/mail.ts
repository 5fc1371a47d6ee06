import type { RingHandle } from '../../ipc/ring/index.ts'
import { BadInput, KernelPanic } from '../../kernel/index.ts'
import { Departure } from '../../scheduler/index.ts'
import type { Tally } from '../search/unit.ts'
import type { Wishes } from '../search/wishes.ts'

/**
 * What a search and its workers write to each other. Orders go there by a port; reports come back through a ring for each
 * worker.
 */

/** What a worker is to know from the start. */
export interface Start {
  readonly file: string
  /** Of the file as it was loaded by whoever searches. */
  readonly hash: string
  readonly wishes: Wishes
  /** Not 0: whoever makes runs is to stop. */
  readonly stop: Int32Array
  /** What it reports by. */
  readonly ring: RingHandle<'records'>
}

export type Report =
  | { readonly kind: 'ready' }
  /** How far it is with its unit. */
  | { readonly kind: 'progress'; readonly executions: number; readonly steps: number; readonly share: number | null }
  | { readonly kind: 'result'; readonly tally: Tally; readonly thrown: Packed | null }
  /** It can't begin. */
  | { readonly kind: 'failed'; readonly thrown: Packed }

/** An error: on the way to another thread its class would be lost. */
export interface Packed {
  readonly class: 'BadInput' | 'Departure' | 'KernelPanic' | 'Error'
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** What else its constructor is to be told. */
  readonly departure: Pick<Departure, 'step' | 'expected' | 'found'> | null
  readonly panic: Pick<KernelPanic, 'invariant' | 'decisions'> | null
}

export function pack(thrown: unknown): Packed {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { name, message, stack } = error
  const base = { name, message, stack, departure: null, panic: null }
  if (error instanceof Departure) {
    const { step, expected, found } = error
    return { ...base, class: 'Departure', departure: { step, expected, found } }
  }
  if (error instanceof BadInput) return { ...base, class: 'BadInput' }
  if (!(error instanceof KernelPanic)) return { ...base, class: 'Error' }
  const { invariant, decisions } = error
  return { ...base, class: 'KernelPanic', panic: { invariant, decisions } }
}

/** The error again, with the stack that it had there: it may name a line of the scenario. */
export function unpack(packed: Packed): Error {
  const error = bare(packed)
  if (packed.stack !== undefined) error.stack = packed.stack
  return error
}

function bare({ class: kind, name, message, departure, panic }: Packed): Error {
  if (departure !== null) return new Departure(departure.step, departure.expected, departure.found)
  if (panic !== null) return Object.assign(new KernelPanic(panic.invariant), { decisions: panic.decisions })
  return kind === 'BadInput' ? new BadInput(message) : Object.assign(new Error(message), { name })
}
