import { assert, int32, map_anonymous, scenario } from 'ipclab'

/**
 * Setters write two variables, one after the other; a checker looks whether both or none are written. Between the two
 * writes of the first setter it sees one: that one interruption is enough. But the more setters there are, the sooner one
 * of them has written both, and the less a random schedule finds: the benchmark on which samplers differ most.
 */
export default scenario('two writes, seen half done', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, reorder_3 to reorder_20',
  about: 'A checker comes between the two writes of a setter, before any other has made both.',
  params: {
    setters: { default: 2, min: 1, max: 99, about: 'how many write; reorder_N of SCTBench has N - 1' },
  },
  *setup() {
    return {
      a: int32(yield* map_anonymous(4, { name: 'a' })),
      b: int32(yield* map_anonymous(4, { name: 'b' })),
    }
  },
  programs: {
    setter: {
      copies: ({ setters }) => setters,
      *program({ shared: { a, b } }) {
        yield* a.store(0, 1)
        yield* b.store(0, -1)
      },
    },
    *checker({ shared: { a, b } }) {
      const none = (yield* a.load()) === 0 && (yield* b.load()) === 0
      yield* assert(none || ((yield* a.load()) === 1 && (yield* b.load()) === -1), 'both are written, or none')
    },
  },
  expect: 'violates: both are written, or none',
})
