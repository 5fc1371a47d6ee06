import { scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * Philosophers at a round table, one fork between each two. Who wants to eat takes the fork on his left, then the one on
 * his right. If all have taken their left forks, every right fork is in a neighbour's hand, and nobody will ever put one
 * down: each waits for the next, round the table.
 *
 * For that a fork has to be one man's at a time, its holder has to keep it while he waits for another, nobody can take it
 * from him, and the waiting has to close to a circle. To take one of the four away is a cure: `philosophers-ordered` and
 * `philosophers-waiter` leave no circle, and `philosophers-trying` keeps no fork while waiting.
 */
export default scenario('the dining philosophers', {
  source: 'E. W. Dijkstra: Hierarchical ordering of sequential processes. Acta Informatica 1 (1971), 115–138',
  about:
    'Everybody takes the left fork first. Look at who holds what when nobody goes on: one fork each, and each waits for the next. Two at the table are enough, and that is what the search ends with; --set philosophers=5 keeps all five.',
  params: {
    philosophers: { default: 5, min: 2, max: 9, about: 'how many sit at the table, with as many forks' },
    meals: { default: 1, min: 1, max: 5, about: 'how often each of them eats' },
  },
  ghost: () => ({ eating: new Set<number>(), meals: 0 }),
  *setup({ params }) {
    const forks: number[] = []
    for (let n = 1; n <= params.philosophers; n++) forks.push(yield* sem_open(`/fork${n}`, O_CREAT, 0o600, 1))
    return { leftOf: (n: number) => forks[(n - 1) % forks.length] ?? 0 }
  },
  programs: {
    philosopher: {
      copies: ({ philosophers }) => philosophers,
      *program({ params, shared: { leftOf }, ghost, index }) {
        const left = leftOf(index)
        const right = leftOf(index + 1)
        for (let meal = 1; meal <= params.meals; meal++) {
          yield* sem_wait(left)
          // If everybody stands here, all stand here for ever.
          yield* sem_wait(right)
          ghost.eating.add(index)
          ghost.meals += 1
          yield* sem_post(right)
          ghost.eating.delete(index)
          yield* sem_post(left)
        }
      },
    },
  },
  invariants: {
    'neighbours never eat at once': ({ params, ghost: { eating } }) =>
      [...eating].every((n) => !eating.has((n % params.philosophers) + 1)),
  },
  expect: 'deadlock',
})
