import { compute, exponential, numbers, type Program, scenario, spawn } from 'ipclab'

/**
 * The M/D/1 queue: as `mm1`, but that serving takes the same time for everybody. The wait is half of what it is there,
 * rho / 2 (1 - rho) times the service: half of all waiting comes of arrivals, the other half of service that differs.
 */
export default scenario('M/D/1: random arrivals, constant service', {
  source: 'L. Kleinrock: Queueing Systems, volume 1 (1975), section 5.6 (Pollaczek and Khinchin)',
  about:
    'Customers come at random and wait for the CPU, which takes as long for each. Run it under --policy fifo with --cost zero and many customers: the mean wait is half of that in mm1.',
  params: {
    customers: { default: 3, min: 1, max: 1_000_000, about: 'how many customers come' },
    interval: { default: 2_000_000, min: 1, max: 1_000_000_000, about: 'ns from one arrival to the next, in the mean' },
    service: { default: 1_000_000, min: 1, max: 1_000_000_000, about: 'ns that serving one takes' },
    seed: { default: '1', about: 'what the random times depend on' },
  },
  ghost: () => ({ served: 0 }),
  programs: {
    *source({ params, ghost }) {
      const random = numbers(params.seed)

      function* customer(): Program {
        yield* compute(params.service)
        ghost.served += 1
      }

      let at = 0
      for (let i = 0; i < params.customers; i++) {
        at += exponential(random, params.interval)
        yield* spawn({ at }, customer)
      }
    },
  },
  atEnd: {
    'everybody is served': ({ params, ghost }) => ghost.served === params.customers,
  },
  expect: 'proved',
  maxSteps: 10_000_000,
})
