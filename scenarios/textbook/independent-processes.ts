import { int32, map_anonymous, scenario } from 'ipclab'

/**
 * Two processes that share nothing. Each counts in memory of its own, and whatever the scheduler does, neither can tell
 * that the other exists: the communication graph has two nodes and no edge. That is what "independent" means, and why
 * nothing has to be synchronised.
 */
export default scenario('independent processes', {
  source: "the textbook's page on IPC, 'Types of Processes'",
  about: 'Two processes count in memory of their own. Nothing that one does is seen by the other, in any schedule.',
  params: {
    rounds: { default: 2, min: 1, max: 6, about: 'how often each process adds one to its own total' },
  },
  ghost: () => ({ totals: new Map<string, number>() }),
  programs: {
    worker: {
      copies: 2,
      *program({ params, ghost, name }) {
        const own = int32(yield* map_anonymous(4, { shared: false, name: `${name}'s total` }))
        for (let round = 0; round < params.rounds; round++) {
          const seen = yield* own.load()
          yield* own.store(0, seen + 1)
        }
        ghost.totals.set(name, yield* own.load())
      },
    },
  },
  atEnd: {
    'each has its own total': ({ params, ghost }) => [...ghost.totals.values()].every((n) => n === params.rounds),
  },
  sometimes: {
    'one is done before the other': ({ ghost }) => ghost.totals.size === 1,
  },
  expect: 'proved',
})
