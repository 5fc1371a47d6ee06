import { scenario } from 'ipclab'
import { int32Array, shared_array_buffer } from 'ipclab/atomics'

/**
 * `cells[0]++` by two workers on one SharedArrayBuffer. It looks like one step and is two: the element is read, and later
 * written. What the other worker has written in between is gone. `Atomics.add` is one step: see `counter`.
 */
export default scenario('cells[0]++ in two workers', {
  source: 'ECMA-262, section 29 (memory model): ordinary accesses promise nothing together',
  about: 'Two workers increment a shared element with ++. An increment can be lost.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many workers increment' },
    rounds: { default: 2, min: 1, max: 10, about: 'how often each of them does' },
  },
  *setup() {
    return { cells: int32Array(yield* shared_array_buffer(4)) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: { cells } }) {
        for (let round = 0; round < params.rounds; round++) {
          const seen = yield* cells.get(0) // cells[0]++
          yield* cells.set(0, seen + 1)
        }
      },
    },
  },
  atEnd: {
    'every increment counts': ({ params: { workers, rounds }, shared, load }) => {
      const total = load(shared.cells.addressOf(0), 'i32')
      return total === workers * rounds || `${workers * rounds} increments made ${total}`
    },
  },
  expect: 'violates: every increment counts',
})
