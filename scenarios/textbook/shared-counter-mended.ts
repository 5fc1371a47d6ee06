import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * The shared counter of `shared-counter`, mended. What has to be done is to make reading, adding and writing one step
 * that nobody can come into the middle of. The machine offers that step itself (`add`), or the step to build it from
 * (`compare-exchange`: write only if nobody has written since I read, else try again), or a lock that lets one process
 * at a time through (`lock`).
 */
export default scenario('a shared counter, mended', {
  source: "the textbook's page on IPC, 'Types of Processes' (cooperating process)",
  about:
    'Two processes each add one to a shared counter, without ever losing one: by an atomic add, by compare-exchange, or under a lock.',
  params: {
    by: { default: 'add', oneOf: ['add', 'compare-exchange', 'lock'], about: 'what makes the three steps one' },
    rounds: { default: 2, min: 1, max: 10, about: 'how often each process adds one' },
  },
  *setup() {
    const memory = yield* map_anonymous(8, { name: 'counter and lock' })
    return { counter: int32(memory), lock: int32(memory + 4) }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ params: { by, rounds }, shared: { counter, lock } }) {
        for (let round = 0; round < rounds; round++) {
          if (by === 'add') {
            yield* counter.add(0, 1)
          } else if (by === 'compare-exchange') {
            for (;;) {
              const seen = yield* counter.load(0, 'relaxed')
              if ((yield* counter.compareExchange(0, seen, seen + 1)) === seen) break
            }
          } else {
            while ((yield* lock.exchange(0, 1)) === 1) yield* lock.await_(0, (held) => held === 0)
            const seen = yield* counter.load()
            yield* counter.store(0, seen + 1)
            yield* lock.store(0, 0, 'seq_cst')
          }
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
  expect: 'proved',
})
