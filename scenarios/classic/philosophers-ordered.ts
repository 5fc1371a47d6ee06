import { scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * The dining philosophers of `philosophers`, mended by an order. The forks have numbers, and everybody takes the lower of
 * his two first. For all but the last that is the left one as before; the last begins with the right one, and so does not
 * close the circle. In general: who holds the highest fork of all that are held waits for none that is held, so somebody
 * always goes on, whatever is taken, as long as all take it upwards.
 */
export default scenario('dining philosophers, mended by order', {
  source:
    'J. W. Havender: Avoiding deadlock in multitasking systems. IBM Systems Journal 7 (1968), 74–84; E. W. Dijkstra: Hierarchical ordering of sequential processes. Acta Informatica 1 (1971), 115–138',
  about:
    'Everybody takes the lower-numbered of his two forks first: nobody waits for ever, proved for three philosophers. Look at the last one, whose lower fork is the right one. Four take longer (--set philosophers=4 --strategy dfs); for five (--set philosophers=5) it is proved up to a few preemptions.',
  params: {
    philosophers: { default: 3, min: 2, max: 9, about: 'how many sit at the table, with as many forks' },
    meals: { default: 1, min: 1, max: 5, about: 'how often each of them eats' },
  },
  ghost: () => ({ eating: new Set<number>(), meals: 0 }),
  *setup({ params }) {
    const forks: number[] = []
    for (let n = 1; n <= params.philosophers; n++) forks.push(yield* sem_open(`/fork${n}`, O_CREAT, 0o600, 1))
    return { fork: (n: number) => forks[n - 1] ?? 0 }
  },
  programs: {
    philosopher: {
      copies: ({ philosophers }) => philosophers,
      *program({ params, shared: { fork }, ghost, index }) {
        const left = index
        const right = (index % params.philosophers) + 1
        for (let meal = 1; meal <= params.meals; meal++) {
          yield* sem_wait(fork(Math.min(left, right)))
          yield* sem_wait(fork(Math.max(left, right)))
          ghost.eating.add(index)
          ghost.meals += 1
          yield* sem_post(fork(Math.max(left, right)))
          ghost.eating.delete(index)
          yield* sem_post(fork(Math.min(left, right)))
        }
      },
    },
  },
  invariants: {
    'neighbours never eat at once': ({ params, ghost: { eating } }) =>
      [...eating].every((n) => !eating.has((n % params.philosophers) + 1)),
  },
  atEnd: {
    'everybody has eaten': ({ params, ghost }) => ghost.meals === params.philosophers * params.meals,
  },
  expect: 'proved',
})
