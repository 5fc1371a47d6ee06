// This generator alone: the whole package takes long to load.
import alea from 'seedrandom/lib/alea.js'

/**
 * Every random number of the simulator comes from here. `alea` is quick to seed and to ask, and its arithmetic is exact
 * on every machine.
 */
export interface Numbers {
  /** A whole number from 0 to n - 1, each equally likely. */
  below(n: number): number
}

/** A stream of random numbers that depends on the seed's text alone. */
export function numbers(seed: string): Numbers {
  const next = alea(seed)
  return { below: (n) => Math.floor(next() * n) }
}
