import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * The textbook's bounded buffer has one producer. With two, both may read the same free index: they put their items into
 * the same slot, one over the other, and move the index on by one. `textbook/bounded-buffer-two-producers` has the whole
 * buffer; this is its heart, three steps of each round.
 */
export default scenario('two producers, one free index', {
  source:
    "the textbook's page on IPC, 'Shared Memory' (producer and consumer): its bounded buffer, with a second producer",
  about: 'Two producers read the same free index. An item is written over, and the index counts one for two.',
  params: {
    items: { default: 2, min: 1, max: 10, about: 'how many items each of them puts into the buffer' },
  },
  *setup({ params }) {
    return {
      buffer: int32(yield* map_anonymous(8 * params.items, { name: 'buffer' })),
      free: int32(yield* map_anonymous(4, { name: 'free_index' })),
    }
  },
  programs: {
    producer: {
      copies: 2,
      *program({ params, shared: { buffer, free }, index }) {
        for (let item = 0; item < params.items; item++) {
          const at = yield* free.load()
          yield* buffer.store(at, index)
          yield* free.store(0, at + 1)
        }
      },
    },
  },
  atEnd: {
    'every item has a slot of its own': ({ params, shared, load }) =>
      load(shared.free.at(0), 'i32') === 2 * params.items,
  },
  expect: 'violates: every item has a slot of its own',
})
