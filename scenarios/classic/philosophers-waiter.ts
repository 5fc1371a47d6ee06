import { scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * The dining philosophers of `philosophers`, mended by a waiter at the door, who lets all but one sit down. With a seat
 * empty one fork more lies on the table than philosophers reach for with their left hands, so that one of them gets his
 * right fork, too, eats, and makes room. The waiter is one semaphore that counts seats; the forks are taken left first.
 */
export default scenario('dining philosophers, mended by a waiter', {
  source:
    'C. A. R. Hoare: Communicating Sequential Processes (1985), section 2.5.3 (the footman, by C. S. Scholten); A. B. Downey: The Little Book of Semaphores, section 4.4',
  about:
    'A waiter lets all but one of the philosophers sit down: nobody waits for ever, proved for three. Look at who stands at the door. With no one kept standing (--set standing=0) it is the old deadlock again.',
  params: {
    philosophers: { default: 3, min: 2, max: 9, about: 'how many come to eat, with as many forks' },
    meals: { default: 1, min: 1, max: 5, about: 'how often each of them eats' },
    standing: { default: 1, min: 0, max: 1, about: 'how many the waiter keeps standing' },
  },
  ghost: () => ({ seated: 0, eating: new Set<number>(), meals: 0 }),
  *setup({ params }) {
    const forks: number[] = []
    for (let n = 1; n <= params.philosophers; n++) forks.push(yield* sem_open(`/fork${n}`, O_CREAT, 0o600, 1))
    return {
      leftOf: (n: number) => forks[(n - 1) % forks.length] ?? 0,
      seats: yield* sem_open('/seats', O_CREAT, 0o600, params.philosophers - params.standing),
    }
  },
  programs: {
    philosopher: {
      copies: ({ philosophers }) => philosophers,
      *program({ params, shared: { leftOf, seats }, ghost, index }) {
        const left = leftOf(index)
        const right = leftOf(index + 1)
        for (let meal = 1; meal <= params.meals; meal++) {
          yield* sem_wait(seats)
          ghost.seated += 1
          yield* sem_wait(left)
          yield* sem_wait(right)
          ghost.eating.add(index)
          ghost.meals += 1
          yield* sem_post(right)
          ghost.eating.delete(index)
          yield* sem_post(left)
          ghost.seated -= 1
          yield* sem_post(seats)
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
  sometimes: {
    'all the seats are taken': ({ params, ghost }) => ghost.seated === params.philosophers - params.standing,
  },
  expect: 'proved',
})
