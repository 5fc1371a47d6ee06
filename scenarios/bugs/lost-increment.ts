import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * The bug that all others are measured by: to add one is to read and to write, and what comes between the two is written
 * over. One interruption loses one increment. `textbook/shared-counter-mended` has three cures.
 */
export default scenario('an increment lost', {
  source: 'E. W. Dijkstra: Cooperating sequential processes (EWD 123), 1965, section 2 (loosely connected processes)',
  about: 'Threads add one to a variable by a load and a store. At the end some of it is missing.',
  params: {
    threads: { default: 2, min: 2, max: 10, about: 'how many add' },
    times: { default: 1, min: 1, max: 10, about: 'how often each of them does' },
  },
  *setup() {
    return { x: int32(yield* map_anonymous(4, { name: 'x' })) }
  },
  programs: {
    adder: {
      copies: ({ threads }) => threads,
      *program({ params, shared: { x } }) {
        for (let time = 0; time < params.times; time++) yield* x.store(0, (yield* x.load()) + 1)
      },
    },
  },
  atEnd: {
    'nothing is missing': ({ params: { threads, times }, shared, load }) =>
      load(shared.x.at(0), 'i32') === threads * times,
  },
  expect: 'violates: nothing is missing',
})
