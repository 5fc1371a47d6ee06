import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer, uint16Array } from 'ipclab/atomics'

/**
 * `bounded-buffer-mutex` without its second look. Each producer waits for room outside the mutex, and then believes it.
 * Two that have seen the same last slot go in one after the other: the second fills the slot that has to stay free, and
 * a full buffer looks like an empty one. The mutex is taken and given back as it should be, and protects the wrong thing:
 * between a test and what hangs on it nobody may come.
 */
export default scenario('the bounded buffer, looked at outside the mutex', {
  source: "the textbook's page on IPC, 'Producer-Consumer Problem' (the C++ implementation)",
  about:
    'Producers that look for room outside the mutex and put in their item inside it: two of them fill the one slot that has to stay free.',
  params: {
    producers: { default: 2, min: 1, max: 4, about: 'how many processes produce' },
    items: { default: 1, min: 1, max: 10, about: 'how many items each of them produces' },
    buff_max: { default: 2, min: 2, max: 10, about: 'slots of the buffer, one of which stays free' },
  },
  ghost: () => ({ produced: [] as number[], consumed: [] as number[] }),
  *setup({ params }) {
    const buffer = yield* shared_array_buffer((2 + params.buff_max) * 4)
    return {
      /** free_index and full_index, and the word that both lie in. */
      index: uint16Array(buffer, 0, 2),
      both: int32Array(buffer, 0, 1),
      mutex: int32Array(buffer, 4, 1),
      shared_buff: int32Array(buffer, 8),
    }
  },
  programs: {
    producer: {
      copies: ({ producers }) => producers,
      *program({ params: { items, buff_max }, shared: { index, both, mutex, shared_buff }, ghost, index: number }) {
        const hasRoom = (word: number): boolean => (freeOf(word) + 1) % buff_max !== fullOf(word)
        for (let i = 1; i <= items; i++) {
          const item = 100 * number + i
          const free = freeOf(yield* lockWhen(hasRoom, both, mutex))
          yield* shared_buff.set(free, item)
          yield* Atomics.store(index, FREE, (free + 1) % buff_max)
          ghost.produced.push(item)
          yield* unlock(mutex)
        }
      },
    },
    *consumer({ params: { producers, items, buff_max }, shared: { index, both, mutex, shared_buff }, ghost }) {
      const hasItems = (word: number): boolean => freeOf(word) !== fullOf(word)
      for (let i = 0; i < producers * items; i++) {
        const full = fullOf(yield* lockWhen(hasItems, both, mutex))
        ghost.consumed.push(yield* shared_buff.get(full))
        yield* Atomics.store(index, FULL, (full + 1) % buff_max)
        yield* unlock(mutex)
      }
    },
  },
  invariants: {
    'one slot stays free': ({ params, ghost: { produced, consumed } }) =>
      produced.length - consumed.length < params.buff_max,
  },
  expect: 'violates: one slot stays free',
})

const FREE = 0
const FULL = 1
const freeOf = (word: number): number => word & 0xffff
const fullOf = (word: number): number => word >>> 16

type Cells = SharedArray<'i32'>

/** Waits until the indices are right, and takes the mutex; returns them as they are now, right or not. */
function* lockWhen(right: (word: number) => boolean, both: Cells, mutex: Cells): Program<number> {
  yield* both.await_(0, right)
  while ((yield* Atomics.exchange(mutex, 0, 1)) === 1) yield* mutex.await_(0, (held) => held === 0)
  return yield* Atomics.load(both, 0)
}

function* unlock(mutex: Cells): Program {
  yield* Atomics.store(mutex, 0, 0)
}
