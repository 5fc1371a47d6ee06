import { int32, map_anonymous, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * The sleeping barber of `sleeping-barber`, mended, and with a waiting room of so many chairs. Nobody looks whether the
 * barber sleeps. The bell is a semaphore, so a ring is counted and not lost, whether he hears it asleep or at work; and to
 * look for a free chair and to sit down is one, under the mutex. Who finds no chair goes away again.
 *
 * In the book the shop never closes. Here the bell rings for everybody who comes in, also for those who go away again, so
 * that the barber knows when all have been there; it can be that a ring finds nobody left.
 */
export default scenario('the sleeping barber, mended', {
  source:
    'A. S. Tanenbaum: Modern Operating Systems, 2nd edition, section 2.4.3; A. B. Downey: The Little Book of Semaphores, section 5.2',
  about:
    'A barber, customers, and chairs to wait on: proved that everybody is served or finds no chair, and that nobody waits for ever. Look at the bell, which counts. Try --set chairs=2, when nobody is turned away.',
  params: {
    customers: { default: 2, min: 1, max: 5, about: 'how many want their hair cut' },
    chairs: { default: 1, min: 1, max: 5, about: 'chairs of the waiting room' },
  },
  ghost: () => ({ waiting: 0, served: 0, turnedAway: 0 }),
  *setup() {
    return {
      waiting: int32(yield* map_anonymous(4, { name: 'waiting' })),
      mutex: yield* sem_open('/mutex', O_CREAT, 0o600, 1),
      bell: yield* sem_open('/bell', O_CREAT, 0o600, 0),
      next: yield* sem_open('/next', O_CREAT, 0o600, 0),
    }
  },
  programs: {
    *barber({ params, shared: { waiting, mutex, bell, next } }) {
      for (let ring = 0; ring < params.customers; ring++) {
        yield* sem_wait(bell) // asleep, if it has not rung
        yield* sem_wait(mutex)
        const seated = yield* waiting.load()
        if (seated > 0) {
          yield* waiting.store(0, seated - 1)
          yield* sem_post(next)
        }
        yield* sem_post(mutex)
      }
    },
    customer: {
      copies: ({ customers }) => customers,
      *program({ params, shared: { waiting, mutex, bell, next }, ghost }) {
        yield* sem_wait(mutex)
        const seated = yield* waiting.load()
        const isFull = seated === params.chairs
        if (!isFull) yield* waiting.store(0, seated + 1)
        yield* sem_post(mutex)
        yield* sem_post(bell)
        if (isFull) {
          ghost.turnedAway += 1
        } else {
          yield* sem_wait(next)
          ghost.served += 1
        }
      },
    },
  },
  invariants: {
    'no more wait than there are chairs': ({ params, shared, load }) =>
      load(shared.waiting.at(0), 'i32') <= params.chairs,
  },
  atEnd: {
    'everybody is served or turned away': ({ params, ghost }) => ghost.served + ghost.turnedAway === params.customers,
  },
  sometimes: {
    'somebody is turned away': ({ params, ghost }) => params.customers <= params.chairs || ghost.turnedAway > 0,
    'everybody is served': ({ params, ghost }) => ghost.served === params.customers,
  },
  expect: 'proved',
})
