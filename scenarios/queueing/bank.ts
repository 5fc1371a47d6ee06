import { clock, exponential, map_anonymous, numbers, PosixError, type Program, scenario, sleep, spawn } from 'ipclab'
import { fromNs, sem_init, sem_post, sem_timedwait } from 'ipclab/posix'

const MS = 1_000_000

/**
 * A bank with one counter, in fast motion: a minute is a millisecond. Customers come at random, wait for the counter as
 * long as they have patience, and leave if it is not free by then; who is served takes a random time. The counter is a
 * semaphore, and a customer one process, that arrives, waits with a time-out, is served, and ends.
 */
export default scenario('a bank whose customers lose patience', {
  source: "SimPy's documentation, 'Bank Renege' (after TheBank of SimPy 2)",
  about:
    'Customers come at random and wait for a counter, each as long as it has patience. Run it under a policy to see the time pass; more customers, or more counters, change who is served.',
  params: {
    customers: { default: 5, min: 1, max: 10_000_000, about: 'how many customers come' },
    counters: { default: 1, min: 1, max: 1000, about: 'how many can be served at once' },
    interval: { default: 10, min: 1, max: 1000, about: 'ms from one arrival to the next, in the mean' },
    service: { default: 12, min: 1, max: 1000, about: 'ms that serving one takes, in the mean' },
    patience_least: { default: 1, min: 0, max: 1000, about: 'ms that everybody waits' },
    patience_most: { default: 3, min: 0, max: 1000, about: 'ms after which nobody waits any longer' },
    seed: { default: '42', about: 'what the random times depend on' },
  },
  ghost: () => ({ inside: 0, served: 0, reneged: 0 }),
  *setup({ params }) {
    const counter = yield* map_anonymous(4, { name: 'counter' })
    yield* sem_init(counter, 1, params.counters)
    return { counter }
  },
  programs: {
    *source({ params, shared: { counter }, ghost }) {
      const random = numbers(params.seed)
      const spread = Math.max(0, params.patience_most - params.patience_least) * MS

      function* customer(patience: number, service: number): Program {
        const arrived = yield* clock()
        try {
          yield* sem_timedwait(counter, fromNs(arrived + patience))
        } catch (error) {
          if (!(error instanceof PosixError && error.code === 'ETIMEDOUT')) throw error
          ghost.reneged += 1
          return
        }
        ghost.inside += 1
        yield* sleep(service)
        ghost.inside -= 1
        ghost.served += 1
        yield* sem_post(counter)
      }

      for (let i = 0; i < params.customers; i++) {
        const patience = params.patience_least * MS + random.below(spread + 1)
        yield* spawn({}, customer, patience, exponential(random, params.service * MS))
        yield* sleep(exponential(random, params.interval * MS))
      }
    },
  },
  invariants: {
    'no more are served at once than there are counters': ({ params, ghost }) => ghost.inside <= params.counters,
  },
  atEnd: {
    'everybody was served or left': ({ params, ghost }) => ghost.served + ghost.reneged === params.customers,
  },
  sometimes: {
    'somebody is served': ({ ghost }) => ghost.served > 0,
    'somebody loses patience': ({ ghost }) => ghost.reneged > 0,
  },
  expect: 'holds',
  maxSteps: 100_000_000,
})
