import { int32, map_anonymous, scenario, uint16, uint32 } from 'ipclab'

/**
 * The bounded buffer of `bounded-buffer`, with a second producer, for which it was not made. Both may read the same free
 * index: then they put their items into the same slot, and one is lost; or one of them, slow, sets the index back, and
 * the consumer runs through slots that it has emptied already. `bounded-buffer-mutex` has the cure.
 *
 * Here each side's index can change while a producer waits, so its loop must see both at once: they lie in one word.
 */
export default scenario('the bounded buffer with two producers', {
  source: "the textbook's page on IPC, 'Producer-Consumer Problem'",
  about:
    'The printed algorithm with two producers and one consumer: items are lost or come twice, because both producers write free_index.',
  params: {
    items: { default: 1, min: 1, max: 10, about: 'how many items each producer produces' },
    buff_max: { default: 3, min: 2, max: 10, about: 'slots of the buffer, one of which stays free' },
  },
  ghost: () => ({ produced: [] as number[], consumed: [] as number[] }),
  *setup({ params }) {
    const memory = yield* map_anonymous((1 + params.buff_max) * 4, { name: 'shared_buff' })
    return {
      free_index: uint16(memory),
      full_index: uint16(memory + 2),
      both: uint32(memory),
      shared_buff: int32(memory + 4),
    }
  },
  programs: {
    producer: {
      copies: 2,
      *program({ params: { items, buff_max }, shared: { free_index, both, shared_buff }, ghost, index }) {
        for (let nextProduced = 1; nextProduced <= items; nextProduced++) {
          yield* both.await_(0, (word) => (freeOf(word) + 1) % buff_max !== fullOf(word), 'plain')
          const free = yield* free_index.load()
          // The other producer may stand here, too, with the same free slot.
          yield* shared_buff.store(free, 100 * index + nextProduced)
          yield* free_index.store(0, (free + 1) % buff_max)
          ghost.produced.push(100 * index + nextProduced)
        }
      },
    },
    *consumer({ params: { items, buff_max }, shared: { full_index, both, shared_buff }, ghost }) {
      for (let taken = 0; taken < 2 * items; taken++) {
        yield* both.await_(0, (word) => freeOf(word) !== fullOf(word), 'plain')
        const full = yield* full_index.load()
        const nextConsumed = yield* shared_buff.load(full)
        yield* full_index.store(0, (full + 1) % buff_max)
        ghost.consumed.push(nextConsumed)
      }
    },
  },
  invariants: {
    // Checked after every step, so that it is broken where an item is lost, and not where somebody misses it later.
    'the buffer holds what was produced and not yet consumed': ({ params, shared, ghost, load }) => {
      const free = load(shared.free_index.at(0), 'u16')
      const held: number[] = []
      for (let i = load(shared.full_index.at(0), 'u16'); i !== free; i = (i + 1) % params.buff_max)
        held.push(load(shared.shared_buff.at(i), 'i32'))
      const due = ghost.produced.filter((item) => !ghost.consumed.includes(item))
      const same = held.length === due.length && held.every((item) => due.includes(item))
      return same || `it holds [${held}], and what is produced and not consumed is [${due}]`
    },
  },
  expect: 'violates: the buffer holds what was produced and not yet consumed',
})

const freeOf = (word: number): number => word & 0xffff
const fullOf = (word: number): number => word >>> 16
