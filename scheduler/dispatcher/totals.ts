/** What adds up over a run, whoever does it: kept as the clock goes on. */
export class Totals {
  /** Ends of calls and of slices, dispatches, ticks, timers. */
  events = 0
  /** Threads that have arrived and not ended, and how many there have been. */
  present = 0
  arrivals = 0
  /** Sums over time of how many were present, and in line for a CPU. */
  presentNs = 0
  waitingNs = 0
  waitingMax = 0
  /** Sum over time of the CPUs that were busy or switching. */
  takenNs = 0
  elapsed = 0
  began = 0
  /** How long the line was, over time: a point for each stretch of `stepNs`, its mean. */
  readonly lengths: number[] = []
  stepNs = 1
  #inStep = 0
  #sum = 0

  begin(clock: number): void {
    Object.assign(this, new Totals(), { began: clock, lengths: this.lengths })
    this.lengths.length = 0
    this.#inStep = 0
    this.#sum = 0
  }

  /** For so many ns nothing has changed. */
  pass(ns: number, waiting: number, taken: number): void {
    this.elapsed += ns
    this.presentNs += this.present * ns
    this.waitingNs += waiting * ns
    this.takenNs += taken * ns
    if (waiting > this.waitingMax) this.waitingMax = waiting
    this.#draw(ns, waiting)
  }

  /** At most so many points: then two become one. */
  #draw(ns: number, waiting: number): void {
    let left = ns
    if (this.#inStep + ns < this.stepNs) {
      this.#inStep += ns
      this.#sum += ns * waiting
      left = 0
    }
    while (left > 0) {
      while (this.lengths.length + left / this.stepNs > POINTS_MAX) this.#coarser()
      const part = Math.min(left, this.stepNs - this.#inStep)
      this.#inStep += part
      this.#sum += part * waiting
      left -= part
      if (this.#inStep < this.stepNs) continue
      this.lengths.push(this.#sum / this.stepNs)
      this.#inStep = 0
      this.#sum = 0
    }
  }

  #coarser(): void {
    const { lengths } = this
    const half = lengths.length >> 1
    // The odd one out is the beginning of the next.
    if (lengths.length % 2 === 1) {
      this.#sum += (lengths[lengths.length - 1] ?? 0) * this.stepNs
      this.#inStep += this.stepNs
    }
    for (let i = 0; i < half; i++) lengths[i] = ((lengths[2 * i] ?? 0) + (lengths[2 * i + 1] ?? 0)) / 2
    lengths.length = half
    this.stepNs *= 2
  }
}

const POINTS_MAX = 256
