import { assert, int32, map_anonymous, scenario } from 'ipclab'

/**
 * A sequence lock: the writer makes the number odd, writes, and makes it even again. A reader that finds it odd leaves.
 * But a writer may also begin after the reader has looked: that is why a reader has to look again when it has read, and to
 * throw away what it has if the number has changed. This one does not.
 */
export default scenario('a sequence lock, read without looking back', {
  source: 'H. Boehm: Can seqlocks get along with programming language memory models? MSPC 2012',
  about: 'The number is even when the reader begins, and the writer comes between its two reads.',
  *setup() {
    return {
      sequence: int32(yield* map_anonymous(4, { name: 'sequence' })),
      x: int32(yield* map_anonymous(4, { name: 'x' })),
      y: int32(yield* map_anonymous(4, { name: 'y' })),
    }
  },
  programs: {
    *writer({ shared: { sequence, x, y } }) {
      const number = yield* sequence.load()
      yield* sequence.store(0, number + 1)
      yield* x.store(0, 1)
      yield* y.store(0, 1)
      yield* sequence.store(0, number + 2)
    },
    *reader({ shared: { sequence, x, y } }) {
      if ((yield* sequence.load()) % 2 === 1) return
      const a = yield* x.load()
      const b = yield* y.load()
      // Here the sequence has to be read again.
      yield* assert(a === b, 'x and y belong together')
    },
  },
  expect: 'violates: x and y belong together',
})
