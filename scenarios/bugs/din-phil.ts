import { map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/** So far apart lie two mutexes. */
const FORK = 64

/**
 * The dining philosophers, with a mutex for each fork and nothing else: the benchmark on which testers are compared. One
 * interruption of each but the last makes the circle, and yet one is enough that counts as such: whoever finds his fork
 * taken stops of himself. The more there are, the rarer a random schedule closes the circle. `classic/philosophers` tells
 * the story, and its neighbours mend it.
 */
export default scenario('philosophers with mutexes for forks', {
  source:
    'E. W. Dijkstra: Hierarchical ordering of sequential processes. Acta Informatica 1 (1971), 115–138; P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, din_phil',
  about: 'Everybody takes the left fork, then the right one. When all have their left ones, all wait for ever.',
  params: {
    philosophers: { default: 2, min: 2, max: 9, about: 'how many sit at the table, with as many forks' },
  },
  *setup({ params }) {
    const forks = yield* map_anonymous(FORK * params.philosophers, { name: 'forks' })
    return { fork: (n: number) => forks + FORK * (n % params.philosophers) }
  },
  programs: {
    philosopher: {
      copies: ({ philosophers }) => philosophers,
      *program({ shared: { fork }, index }) {
        const left = fork(index - 1)
        const right = fork(index)
        yield* pthread_mutex_lock(left)
        yield* pthread_mutex_lock(right)
        yield* pthread_mutex_unlock(right)
        yield* pthread_mutex_unlock(left)
      },
    },
  },
  expect: 'deadlock',
})
