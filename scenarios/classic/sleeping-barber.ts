import { int32, map_anonymous, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * A barber sleeps when nobody waits; a customer who finds him asleep wakes him, and one who finds him at work sits down to
 * be called. Each looks first and acts then, and between the two the other can do the same: the barber has seen an empty
 * waiting room and is on his way to bed; a customer sees that he is not asleep, and sits down. Then the one sleeps until
 * he is woken, and the other waits until he is called. The wake-up is lost, for there was nobody yet to be woken.
 *
 * `sleeping-barber-mended` counts instead of looking: a customer's ring is kept until the barber comes to it.
 */
export default scenario('the sleeping barber', {
  source: 'E. W. Dijkstra: Cooperating sequential processes (EWD 123, 1965), the sleeping barber',
  about:
    'The barber looks for customers and goes to sleep, a customer looks for the barber and sits down. Look at what each had seen when both wait. One customer is enough (--set customers=1).',
  params: {
    customers: { default: 2, min: 1, max: 5, about: 'how many want their hair cut' },
  },
  ghost: () => ({ served: 0 }),
  *setup() {
    return {
      waiting: int32(yield* map_anonymous(4, { name: 'waiting' })),
      asleep: int32(yield* map_anonymous(4, { name: 'asleep' })),
      bell: yield* sem_open('/bell', O_CREAT, 0o600, 0),
      next: yield* sem_open('/next', O_CREAT, 0o600, 0),
    }
  },
  programs: {
    *barber({ params, shared: { waiting, asleep, bell, next } }) {
      for (let cut = 0; cut < params.customers; cut++) {
        if ((yield* waiting.load()) === 0) {
          // Who comes in now finds the barber awake, and sits down.
          yield* asleep.store(0, 1)
          yield* sem_wait(bell)
        } else {
          yield* waiting.add(0, -1)
          yield* sem_post(next)
        }
      }
    },
    customer: {
      copies: ({ customers }) => customers,
      *program({ shared: { waiting, asleep, bell, next }, ghost }) {
        if ((yield* asleep.exchange(0, 0)) === 1) {
          yield* sem_post(bell)
        } else {
          yield* waiting.add(0, 1)
          yield* sem_wait(next)
        }
        ghost.served += 1
      },
    },
  },
  atEnd: {
    'everybody is served': ({ params, ghost }) => ghost.served === params.customers,
  },
  expect: 'deadlock',
})
