/**
 * How eagerly a consumer looks for messages. One that looks again as soon as it has read all takes the cache line of the
 * producer's cell away from it for each message or two, and slows it down. So whoever wants throughput idles for a little
 * while after a look that has brought little, and then finds many.
 */
export const tunes = ['latency', 'throughput'] as const
export type Tune = (typeof tunes)[number]

/** A look that brings fewer messages came too early. */
const FEW = 8
/** Two to three microseconds: an atomic operation takes some ten nanoseconds, and no compiler leaves it out. */
const IDLE_LOADS = 300
const nothing = new Int32Array(1)

function idle(): void {
  for (let i = 0; i < IDLE_LOADS; i++) Atomics.load(nothing, 0)
}

/** Of a consumer: when it looks. Positions are doubled. */
export class Pace {
  readonly #idles: boolean
  #looked = 0

  constructor(tune: Tune) {
    this.#idles = tune === 'throughput'
  }

  /** Before a look by one that has read all: has idled, if the look before brought too little. @param at how far it has read */
  beforeLook(at: number): void {
    if (!this.#idles) return
    if (((at - this.#looked) | 0) < 2 * FEW) idle()
    this.#looked = at
  }

  /** After a look that found nothing. */
  foundNone(): void {
    if (this.#idles) idle()
  }
}
