/**
 * How often which times came, in buckets that grow with them: exact up to 256 ns, from there on 128 of one width to each
 * doubling, so that no time is told more than a 128th too long. Whole numbers throughout. The layout is that of G. Tene's
 * HdrHistogram, https://hdrhistogram.org.
 */
export class Histogram {
  readonly #counts: number[] = []
  /** The longest time in each bucket. */
  readonly #longest: number[] = []
  count = 0
  sum = 0
  min = 0
  max = 0

  /** @param ns a whole number of ns, at least 0 */
  add(ns: number): void {
    const at = bucketOf(ns)
    while (this.#counts.length <= at) this.#counts.push(0)
    while (this.#longest.length <= at) this.#longest.push(0)
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#longest[at] = Math.max(this.#longest[at] ?? 0, ns)
    if (this.count === 0 || ns < this.min) this.min = ns
    if (ns > this.max) this.max = ns
    this.count += 1
    this.sum += ns
  }

  /** A time that came, and that so many thousandths of all do not exceed: the shortest, or one from its bucket. 0 of none. */
  percentile(thousandths: number): number {
    let left = Math.max(1, Math.floor((this.count * thousandths + 999) / 1000))
    for (const [at, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return this.#longest[at] ?? 0
    }
    return 0
  }

  /** The buckets that are not empty: from which time to which, both included, and how many. */
  get buckets(): [from: number, to: number, count: number][] {
    return [...this.#counts.entries()].flatMap(([at, count]) =>
      count === 0 ? [] : [[firstOf(at), lastOf(at), count] as [number, number, number]],
    )
  }
}

/** Buckets to each doubling. */
const WIDE = 128
const BITS = 7

function bucketOf(ns: number): number {
  if (ns < 2 * WIDE) return ns
  const halvings = bitsOf(ns) - BITS - 1
  return halvings * WIDE + Math.floor(ns / 2 ** halvings)
}

/** How many binary digits a whole number has, also above 32. */
function bitsOf(ns: number): number {
  const high = Math.floor(ns / 2 ** 32)
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(ns)
}

function firstOf(bucket: number): number {
  if (bucket < 2 * WIDE) return bucket
  const halvings = Math.floor(bucket / WIDE) - 1
  return (bucket - halvings * WIDE) * 2 ** halvings
}

const lastOf = (bucket: number): number => firstOf(bucket + 1) - 1
