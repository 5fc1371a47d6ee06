import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * Two processes that cooperate on one counter, and forget to take turns. To add one is to read, to add, and to write;
 * a process that is interrupted between its read and its write then writes over what the other has counted meanwhile.
 * `shared-counter-mended` has three cures.
 */
export default scenario('a shared counter, broken', {
  source: "the textbook's page on IPC, 'Types of Processes' (cooperating process)",
  about:
    'Two processes each add one to a shared counter, by a load and a store. One of the two increments can be lost.',
  params: {
    rounds: { default: 2, min: 1, max: 10, about: 'how often each process adds one' },
  },
  *setup() {
    return { counter: int32(yield* map_anonymous(4, { name: 'counter' })) }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ params, shared: { counter } }) {
        for (let round = 0; round < params.rounds; round++) {
          const seen = yield* counter.load()
          // Whoever comes in here is not seen, and his work is written over.
          yield* counter.store(0, seen + 1)
        }
      },
    },
  },
  atEnd: {
    'no increment is lost': ({ params, shared, load }) => {
      const total = load(shared.counter.at(0), 'i32')
      return total === 2 * params.rounds || `${2 * params.rounds} increments made ${total}`
    },
  },
  expect: 'violates: no increment is lost',
})
