import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * The textbook's producer and consumer over a circular buffer, as printed. The producer waits while the slot after the
 * next is the one being emptied, the consumer while the two indices are the same; each index is written by one side
 * only, and that is why it works without any lock: on a machine that keeps to the order of the program.
 *
 * Full and empty must not look the same, so one slot always stays free: a buffer of `buff_max` slots holds at most
 * `buff_max - 1` items. `bounded-buffer-two-producers` shows what a second producer does to it.
 */
export default scenario('the bounded buffer', {
  source: "the textbook's page on IPC, 'Producer-Consumer Problem'",
  about:
    'One producer, one consumer, a circular buffer, two indices, and busy waiting, as printed. Every item arrives once and in order, and one slot stays free.',
  params: {
    items: { default: 3, min: 1, max: 20, about: 'how many items are produced' },
    buff_max: { default: 2, min: 2, max: 10, about: 'slots of the buffer, one of which stays free' },
  },
  ghost: () => ({ produced: [] as number[], consumed: [] as number[] }),
  *setup({ params }) {
    const memory = yield* map_anonymous((2 + params.buff_max) * 4, { name: 'shared_buff' })
    return { free_index: int32(memory), full_index: int32(memory + 4), shared_buff: int32(memory + 8) }
  },
  programs: {
    *producer({ params: { items, buff_max }, shared: { free_index, full_index, shared_buff }, ghost }) {
      for (let nextProduced = 1; nextProduced <= items; nextProduced++) {
        const free = yield* free_index.load()
        yield* full_index.await_(0, (full) => (free + 1) % buff_max !== full, 'plain')
        yield* shared_buff.store(free, nextProduced)
        yield* free_index.store(0, (free + 1) % buff_max)
        ghost.produced.push(nextProduced)
      }
    },
    *consumer({ params: { items, buff_max }, shared: { free_index, full_index, shared_buff }, ghost }) {
      for (let taken = 0; taken < items; taken++) {
        const full = yield* full_index.load()
        yield* free_index.await_(0, (free) => free !== full, 'plain')
        const nextConsumed = yield* shared_buff.load(full)
        yield* full_index.store(0, (full + 1) % buff_max)
        ghost.consumed.push(nextConsumed)
      }
    },
  },
  invariants: {
    'items arrive once and in order': ({ ghost }) => ghost.consumed.every((item, i) => item === i + 1),
    'one slot stays free': ({ params, ghost }) => ghost.produced.length - ghost.consumed.length < params.buff_max,
  },
  atEnd: {
    'every item has arrived': ({ params, ghost }) => ghost.consumed.length === params.items,
  },
  sometimes: {
    'the buffer is full': ({ params, ghost }) => ghost.produced.length - ghost.consumed.length === params.buff_max - 1,
  },
  expect: 'proved',
})
