import fc from 'fast-check'
import { exponential, numbers } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import bank from '../../scenarios/queueing/bank.ts'
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
