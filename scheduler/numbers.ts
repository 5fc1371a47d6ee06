// This generator alone: the whole package takes long to load.
import alea from 'seedrandom/lib/alea.js'

/**
 * Every random number of the simulator comes from here. `alea` is quick to seed and to ask, and its arithmetic is exact
 * on every machine.
 */
export interface Numbers {
  /** A whole number from 0 to n - 1, each equally likely. */
  below(n: number): number
  /** Whether there has been one: if not, another seed makes no difference. */
  readonly drawn: boolean
}

/** A stream of random numbers that depends on the seed's text alone. */
export function numbers(seed: string): Numbers {
  const next = alea(seed)
  let drawn = false
  return {
    below(n) {
      drawn = true
      return Math.floor(next() * n)
    },
    get drawn() {
      return drawn
    },
  }
}

const PARTS = 2 ** 32

/**
 * A whole number with the exponential distribution of that mean, rounded: times between arrivals, or of service. It only
 * compares uniform numbers, as `Math.log` need not come to the same bit on every engine. J. von Neumann: Various
 * techniques used in connection with random digits, NBS Applied Mathematics Series 12, 1951.
 */
export function exponential(random: Numbers, mean: number): number {
  for (let whole = 0; ; whole++) {
    const first = random.below(PARTS)
    let falls = 1
    for (let last = first, next = random.below(PARTS); next < last; next = random.below(PARTS)) {
      last = next
      falls += 1
    }
    // As many as that in a row fall with the chance that makes an odd number of them come to e^-x.
    if (falls % 2 === 1) return Math.round(mean * (whole + first / PARTS))
  }
}
