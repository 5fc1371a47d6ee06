import { assert, int32, map_anonymous, scenario } from 'ipclab'

/**
 * Two owners of one object: who gives up the last reference frees it. The count goes down by a load and a store, and is
 * read once more to see whether it is 0: the decrement can be lost, and then nobody frees; or both are done before either
 * looks, and then both free. One step that subtracts and says what is left, `add(0, -1)`, is the cure for both.
 */
export default scenario('a reference count in three steps', {
  source: 'The Linux kernel documentation: Adding reference counters (krefs) to kernel objects',
  about: 'Two owners give up an object. It is freed twice, or never.',
  *setup() {
    const shared = {
      references: int32(yield* map_anonymous(4, { name: 'references' })),
      freed: int32(yield* map_anonymous(4, { name: 'freed' })),
    }
    yield* shared.references.store(0, 2)
    return shared
  },
  programs: {
    owner: {
      copies: 2,
      *program({ shared: { references, freed } }) {
        yield* references.store(0, (yield* references.load()) - 1)
        if ((yield* references.load()) > 0) return
        yield* assert((yield* freed.load()) === 0, 'it is freed once')
        yield* freed.store(0, 1)
      },
    },
  },
  atEnd: {
    'it is freed once': ({ shared, load }) => load(shared.freed.at(0), 'i32') === 1,
  },
  expect: 'violates: it is freed once',
})
