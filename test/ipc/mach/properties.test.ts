import fc from 'fast-check'
import { MACH_PORT_TYPE_RECEIVE, type Port, type Space } from 'ipclab/mach'
import { expect, test } from 'vitest'
import { randomSchedules } from '../../helpers/schedules.ts'
import { broken } from './conserved.ts'
import { countedScenarioOf, machCases, NAMES, scenarioOf } from './programs.ts'

/** The same programs each time; or others, and more, where more are asked for. */
const RUNS = Number(process.env.RUNS ?? 100)
const SAME = process.env.RUNS === undefined ? { seed: 6 } : {}

test('rights, ports and messages are conserved, whatever the programs, the schedule, the faults and the wake order', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(machCases, (given) => {
      randomSchedules(scenarioOf(given), given.seed, 2, {
        observers: [({ state }) => expect(broken(state)).toEqual([])],
        after({ ghost }) {
          for (const line of ghost as string[]) seen.add(/: ([A-Z_]+)/.exec(line)?.[1] ?? '')
        },
      })
    }),
    { numRuns: RUNS, ...SAME },
  )
  // Some have got into full queues, ends of ports and rights that were not there, or the programs were too tame.
  const some = ['', 'MACH_RCV_TIMED_OUT', 'MACH_SEND_TIMED_OUT', 'MACH_SEND_INVALID_RIGHT', 'KERN_INVALID_RIGHT']
  expect([...seen]).toEqual(expect.arrayContaining(some))
}, 600_000)

test('of each send-once right comes one message, or one notification', () => {
  let counted = 0
  fc.assert(
    fc.property(machCases, fc.integer({ min: 1, max: 4 }), (given, rights) => {
      randomSchedules(countedScenarioOf(given, rights), given.seed, 2, {
        after({ ghost, state }) {
          const port = state.objects['counter.1'] as Port | undefined // the first thing that it makes
          if (port === undefined) return
          const lines = (ghost as string[]).filter((line) => line.startsWith('counter mach_port_insert_right'))
          const made = lines.filter((line) => !line.includes('MACH_SEND_INVALID_DEST')).length
          // A right is counted until its message is received, and that never is.
          expect(port.sorights).toBe(made)
          if (NAMES.some((name) => state.processes[name]?.status === 'alive')) return
          // A message to a port for which nobody has checked in yet may hold one still.
          const server = state.objects['mach-space:(bootstrap)'] as Space
          if (Object.values(server.entries).some(({ type }) => (type & MACH_PORT_TYPE_RECEIVE) !== 0)) return
          expect(port.messages).toHaveLength(made)
          counted += made
        },
      })
    }),
    { numRuns: RUNS, ...SAME },
  )
  expect(counted).toBeGreaterThan(RUNS / 2)
}, 600_000)
