import type { Contender } from './work.ts'

/** A cache line there and back, as nothing but `Atomics` makes it: where there is no compiler to measure it bare. */

const TOGETHER = 10

export const line: Contender = {
  share() {
    const cells = new Int32Array(new SharedArrayBuffer(256))
    return { producer: cells, consumer: cells }
  },
  producer(shared) {
    const cells = shared as Int32Array
    return (count) => {
      const times: number[] = []
      for (let i = 1; i <= count; ) {
        const from = performance.now()
        for (const end = i + TOGETHER; i < end; i++) {
          Atomics.store(cells, 0, 2 * i - 1)
          while (Atomics.load(cells, 0) !== 2 * i);
        }
        times.push(((performance.now() - from) * 1e6) / TOGETHER)
      }
      return times
    }
  },
  consumer(shared) {
    const cells = shared as Int32Array
    return (count) => {
      for (let i = 1; i <= count; i++) {
        while (Atomics.load(cells, 0) !== 2 * i - 1);
        Atomics.store(cells, 0, 2 * i)
      }
    }
  },
}
