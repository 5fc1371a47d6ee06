import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * Two threads add one three times each. That some of it is lost happens easily; that no more than 2 is left takes a deep
 * schedule. One reads 0 and is interrupted; the other adds twice, and is interrupted in its turn, so that the first can
 * write its 1 for the second to read; then the first adds twice for nothing, and the second writes 2 over it. Four
 * preemptions, no fewer. Samplers that count on few interruptions never find it.
 */
export default scenario('six increments make two', {
  source:
    'M. Ben-Ari: Principles of Concurrent and Distributed Programming, 2nd edition, 2006, chapter 2 (the concurrent counting algorithm)',
  about: 'Two threads add one three times each, and 2 is what is left: the least there can be.',
  *setup() {
    return { x: int32(yield* map_anonymous(4, { name: 'x' })) }
  },
  programs: {
    adder: {
      copies: 2,
      *program({ shared: { x } }) {
        for (let time = 0; time < 3; time++) yield* x.store(0, (yield* x.load()) + 1)
      },
    },
  },
  atEnd: {
    'more than two are left': ({ shared, load }) => load(shared.x.at(0), 'i32') > 2,
  },
  expect: 'violates: more than two are left',
})
