import { compute, exponential, numbers, type Program, scenario, spawn } from 'ipclab'

/**
 * The M/M/1 queue: customers come at random, a server serves one after the other, and each takes a random time. The
 * server is the CPU, a customer a process that computes, the queue the policy's: under `fifo` and costs of zero the mean
 * wait is rho / (1 - rho) times the mean service, where rho is how much of the time the server is busy. With twice the
 * customers an hour the wait is far more than twice as long.
 *
 * What is random is drawn by comparing numbers, with no logarithm: the same to the ns on every machine.
 */
export default scenario('M/M/1: random arrivals, random service', {
  source: 'L. Kleinrock: Queueing Systems, volume 1 (1975), section 3.2',
  about:
    'Customers come at random and wait for the CPU, which serves them one by one. Run it under --policy fifo with --cost zero and many customers, and hold the mean wait against theory.',
  params: {
    customers: { default: 3, min: 1, max: 1_000_000, about: 'how many customers come' },
    interval: { default: 2_000_000, min: 1, max: 1_000_000_000, about: 'ns from one arrival to the next, in the mean' },
    service: { default: 1_000_000, min: 1, max: 1_000_000_000, about: 'ns that serving one takes, in the mean' },
    seed: { default: '1', about: 'what the random times depend on' },
  },
  ghost: () => ({ served: 0 }),
  programs: {
    *source({ params, ghost }) {
      const random = numbers(params.seed)

      function* customer(service: number): Program {
        yield* compute(service)
        ghost.served += 1
      }

      let at = 0
      for (let i = 0; i < params.customers; i++) {
        at += exponential(random, params.interval)
        yield* spawn({ at }, customer, exponential(random, params.service))
      }
    },
  },
  atEnd: {
    'everybody is served': ({ params, ghost }) => ghost.served === params.customers,
  },
  expect: 'proved',
  maxSteps: 10_000_000,
})
