import { assert, int32, map_anonymous, type Program, scenario } from 'ipclab'

/** A scenario as a user writes it, in a project that has nothing but ipclab: checked and run by scripts/check-package.mjs. */
export default scenario('two processes count without a lock', {
  source: 'an empty project',
  params: { rounds: { default: 2, about: 'how often each process counts', min: 1 } },
  ghost: () => ({ done: 0 }),
  *setup() {
    return int32(yield* map_anonymous(64, { name: 'counter' }))
  },
  programs: {
    counter: {
      copies: 2,
      *program({ params, shared, ghost }): Program {
        for (let round = 0; round < params.rounds; round++) {
          const seen = yield* shared.load(0)
          yield* shared.store(0, seen + 1)
        }
        ghost.done++
        if (ghost.done === 2) yield* assert((yield* shared.load(0)) === 2 * params.rounds, 'every count counts')
      },
    },
  },
  expect: 'violates: every count counts',
})
