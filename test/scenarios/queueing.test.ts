import fc from 'fast-check'
import type { AnyValues, Scenario } from 'ipclab/kernel'
import { type Entity, exponential, numbers } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import bank from '../../scenarios/queueing/bank.ts'
import md1 from '../../scenarios/queueing/md1.ts'
import mm1 from '../../scenarios/queueing/mm1.ts'
import pingPong from '../../scenarios/queueing/ping-pong.ts'
import { dispatched } from '../helpers/dispatched.ts'

const MS = 1_000_000

/** The bank by hand: whoever comes goes to the counter that is free first, if that is before his patience ends. */
function byHand(seed: string, customers: number, counters: number) {
  const random = numbers(seed)
  const free: number[] = Array.from({ length: counters }, () => 0)
  let served = 0
  let at = 0
  let last = 0
  for (let i = 0; i < customers; i++) {
    const patience = MS + random.below(2 * MS + 1)
    const service = exponential(random, 12 * MS)
    free.sort((a, b) => a - b)
    const begins = Math.max(at, free[0] ?? 0)
    const waits = begins - at <= patience
    if (waits) {
      served += 1
      free[0] = begins + service
    }
    last = Math.max(last, waits ? begins + service : at + patience)
    at += exponential(random, 10 * MS)
  }
  return { served, reneged: customers - served, clock: Math.max(last, at) }
}

test('who is served at the bank, who leaves, and when it is over, is as by hand', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3 }), (n, customers, counters) => {
      const seed = String(n)
      const { simulation, ending } = dispatched(bank, 'fifo', { params: { seed, customers, counters } })
      const { served, reneged } = simulation.ghost as { served: number; reneged: number } // its own
      expect({ ending, served, reneged, clock: simulation.machine.state.clock }).toEqual({
        ending: 'done',
        ...byHand(seed, customers, counters),
      })
    }),
    { numRuns: Number(process.env.RUNS ?? 50) },
  )
})

test('the message comes back after twice the delay, on however many CPUs', () => {
  for (const policy of ['fifo', 'eevdf'])
    for (const cpus of [1, 2]) {
      const { simulation, ending } = dispatched(pingPong, policy, { cpus, params: { rounds: 50, delay: 70 } })
      expect({ ending, clock: simulation.machine.state.clock }).toEqual({ ending: 'done', clock: 50 * 2 * 70 })
    }
})

/** Replications, each with a seed of its own, so that they are independent; and customers in each, after those who come to an empty house. */
const REPLICATIONS = Number(process.env.RUNS ?? 20)
const CUSTOMERS = 800
const EARLY = 100
/** Quantile 0.995 of Student's t with 19 degrees of freedom; it is smaller with more. */
const T = 2.861

/** The mean over all customers, and half the width of its confidence interval of 99%. */
function estimate(one: Scenario, policy: string, cpus: number, params: AnyValues, of: (entity: Entity) => number) {
  const means = Array.from({ length: REPLICATIONS }, (_, i) => {
    const wish = { cpus, params: { customers: EARLY + CUSTOMERS, seed: String(i), ...params } }
    const { dispatcher, ending } = dispatched(one, policy, wish)
    expect(ending).toBe('done')
    const customers = dispatcher.entities.slice(1).toSorted((a, b) => a.arrived - b.arrived)
    const late = customers.slice(EARLY)
    return late.reduce((sum, entity) => sum + of(entity), 0) / late.length
  })
  const mean = means.reduce((sum, each) => sum + each, 0) / means.length
  const variance = means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (means.length - 1)
  return { mean, half: T * Math.sqrt(variance / means.length) }
}

const waiting = ({ readyNs }: Entity): number => readyNs
const turnaround = ({ arrived, ended }: Entity): number => ended - arrived

/** Erlang's C: the chance to find all of c servers busy. */
function erlangC(c: number, load: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; k < c; k++) {
    term = (term * load) / k
    sum += term
  }
  const busy = ((term * load) / c) * (c / (c - load))
  return busy / (sum + busy)
}

// rho is half in all of them; times in mean services, of 1 ms.
test.each<[string, Scenario, string, number, AnyValues, (entity: Entity) => number, number]>([
  ['M/M/1: the wait is rho / (1 - rho)', mm1, 'fifo', 1, {}, waiting, 1],
  ['M/D/1: the wait is half of that', md1, 'fifo', 1, {}, waiting, 0.5],
  ['M/M/2: the wait is C / (c - a)', mm1, 'fifo', 2, { interval: MS }, waiting, erlangC(2, 1)],
  // Shared in small pieces the server is slower by 1 / (1 - rho) for each, whatever the services are: Kleinrock, volume 2, section 4.4.
  ['M/M/1, shared: the time is 1 / (1 - rho)', mm1, 'rr:quantum=50us', 1, {}, turnaround, 2],
  ['M/D/1, shared: the same', md1, 'rr:quantum=50us', 1, {}, turnaround, 2],
])('%s times the service, within the confidence interval', (_, one, policy, cpus, params, of, theory) => {
  const { mean, half } = estimate(one, policy, cpus, params, of)
  expect(Math.abs(mean / MS - theory), `${mean} ± ${half} ns, ${theory} ms by theory`).toBeLessThanOrEqual(half / MS)
  // It tells something.
  expect(half / MS).toBeLessThan(0.25 * theory)
})
