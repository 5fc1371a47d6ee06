import { type Program, scenario } from 'ipclab'
import { O_CREAT, PosixError, sem_open, sem_post, sem_trywait, sem_wait } from 'ipclab/posix'

/**
 * The dining philosophers of `philosophers`, mended by trying: the second fork is taken only if it lies there. If not,
 * the first goes back, and the other neighbour can have it. Nobody holds a fork while he waits for one, so no circle.
 *
 * Nobody waits for ever; but who says that anybody eats? All can take their left forks, all find the right ones gone, all
 * put theirs back, and so on in step. Nothing in the program ends that but the scheduler's whim, and a search for every
 * schedule would follow it for ever; so here a philosopher whose tries are used up leaves hungry.
 */
export default scenario('dining philosophers, mended by trying', {
  source: 'A. S. Tanenbaum, H. Bos: Modern Operating Systems, 4th edition, section 2.5.1',
  about:
    'Who does not get the second fork puts the first one back and tries again. Proved: nobody waits for ever, and all forks are back in the end. Not so: that everybody eats, or anybody. More tries only put the hunger off (--set tries=3), as more philosophers do (--set philosophers=3 --set tries=1).',
  params: {
    philosophers: { default: 2, min: 2, max: 9, about: 'how many sit at the table, with as many forks' },
    tries: { default: 2, min: 1, max: 9, about: 'how often each tries before he leaves hungry' },
  },
  ghost: () => ({ eating: new Set<number>(), eaten: 0, hungry: 0 }),
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
        for (let attempt = 1; attempt <= params.tries; attempt++) {
          yield* sem_wait(left)
          if (yield* tryToTake(right)) {
            ghost.eating.add(index)
            ghost.eaten += 1
            yield* sem_post(right)
            ghost.eating.delete(index)
            yield* sem_post(left)
            return
          }
          yield* sem_post(left)
        }
        ghost.hungry += 1
      },
    },
  },
  invariants: {
    'neighbours never eat at once': ({ params, ghost: { eating } }) =>
      [...eating].every((n) => !eating.has((n % params.philosophers) + 1)),
  },
  atEnd: {
    'every fork is back': ({ params, shared, load }) =>
      Array.from({ length: params.philosophers }, (_, i) => load(shared.leftOf(i + 1), 'i32')).every(
        (free) => free === 1,
      ),
  },
  sometimes: {
    'everybody eats': ({ params, ghost }) => ghost.eaten === params.philosophers,
    'nobody eats': ({ params, ghost }) => ghost.hungry === params.philosophers,
  },
  expect: 'proved',
})

/** Takes the fork if it is free; says whether it did. */
function* tryToTake(fork: number): Program<boolean> {
  try {
    yield* sem_trywait(fork)
    return true
  } catch (error) {
    if (error instanceof PosixError && error.code === 'EAGAIN') return false
    throw error
  }
}
