import fc from 'fast-check'
import type { Call } from 'ipclab/kernel'
import * as lpc from 'ipclab/lpc'
import { expect, test } from 'vitest'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { unbalanced } from './balance.ts'
import { Crew, lpcOps, perform } from './programs.ts'

const RUNS = Number(process.env.RUNS ?? 300)

test('handles, references, messages and waits are in balance, whatever is called', () => {
  const came = new Set<string>()
  fc.assert(
    fc.property(lpcOps, (ops) => {
      const crew = new Crew()
      perform(crew, ops, (op, [outcome]) => {
        came.add(`${op} ${(outcome as { how?: string } | null)?.how ?? 'blocks'}`)
        expect(unbalanced(crew.driver.state)).toEqual([])
      })
      expect(notATree(crew.driver.state)).toBeNull()
    }),
    { numRuns: RUNS, seed: 5 },
  )
  // Not for want of anything to be out of balance.
  for (const op of [
    'connect',
    'accept',
    'complete',
    'request',
    'reply',
    'receive',
    'datagram',
    'impersonate',
    'callback',
  ])
    expect([...came]).toContain(`${op} ${['connect', 'request', 'callback'].includes(op) ? 'blocks' : 'returned'}`)
})

/** What drops messages. */
const DROPPING = ['close', 'exit', 'listen']

test('each message is received once or still queued, where no rule drops any', () => {
  let received = 0
  fc.assert(
    fc.property(lpcOps, (ops) => {
      const crew = new Crew()
      const ids: number[] = []
      const note = (value: unknown): void => {
        if (typeof value !== 'object' || value === null) return
        if (!('messageId' in value)) return Object.values(value).forEach(note)
        const { type, messageId, callbackId } = value as lpc.PortMessage
        if (type !== lpc.LPC_REPLY && callbackId === 0) ids.push(messageId)
      }
      perform(
        crew,
        ops.filter(({ op }) => !DROPPING.includes(op)),
        (_, came) => note(came),
      )
      received += ids.length
      const { objects } = crew.driver.state
      for (const object of Object.values(objects)) if ('messages' in object) note(object.messages)
      const counters = objects['lpc-counters'] as unknown as { readonly messageId: number } | undefined
      const all = Array.from({ length: counters?.messageId ?? 0 }, (_, i) => i + 1)
      expect(ids.sort((a, b) => a - b)).toEqual(all)
    }),
    { numRuns: RUNS, seed: 8 },
  )
  expect(received).toBeGreaterThan(RUNS)
})

test('on drafts of the state the calls do the same', () => {
  fc.assert(
    fc.property(lpcOps, (ops) => {
      const [plain, onDrafts] = [new Crew(), new Crew({ transact: drafted })]
      const [one, other]: [unknown[], unknown[]] = [[], []]
      perform(plain, ops, (op, came) => one.push(op, JSON.stringify(came)))
      perform(onDrafts, ops, (op, came) => other.push(op, JSON.stringify(came)))
      expect(other).toEqual(one)
      expect(onDrafts.driver.state).toEqual(plain.driver.state)
    }),
    { numRuns: Math.ceil(RUNS / 5), seed: 6 },
  )
})

/** Every call there is. */
const calls = Object.entries(lpc as Record<string, unknown>).filter(
  (entry): entry is [string, (...args: unknown[]) => Call<unknown>] =>
    typeof entry[1] === 'function' && /^(Nt[A-Z]|Dup|Revert)/.test(entry[0]) && entry[0] !== 'NtError',
)

const rubbish = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(4, 8, 12, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32, 2 ** 53),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\\A', '\\', '', `\\${'x'.repeat(300)}`, '__proto__', '\\constructor'),
  fc.constantFrom<unknown>(undefined, null, true, {}, [], [3], Symbol('port'), 3n, () => 3, new Date(0)),
  fc.record({ data: fc.anything(), type: fc.anything(), messageId: fc.anything(), clientId: fc.anything() }),
  fc.record({ clientView: fc.record({ section: fc.anything(), size: fc.anything() }), info: fc.anything() }),
  fc.anything(),
)

/** Times 20 calls; RUNS=5000 makes 100,000. */
const CALLS = 20
const garbage = fc.array(
  fc.record({ thread: fc.nat(5), which: fc.nat(calls.length - 1), args: fc.array(rubbish, { maxLength: 6 }) }),
  { minLength: CALLS, maxLength: CALLS },
)

test('whatever a program passes, it gets a status or what it asked for, and never a crash of ours', () => {
  const used = new Set<string>()
  fc.assert(
    fc.property(garbage, (list) => {
      const crew = new Crew()
      crew.do(0, () => lpc.NtCreatePort('\\A'))
      crew.do(0, () => lpc.NtCreateSection(4096))
      for (const { thread, which, args } of list) {
        const [name, make] = calls[which] as (typeof calls)[number] // below their number
        const came = crew.do(thread, () => {
          const made = make(...args)
          expect(notATree(made.args), name).toBeNull()
          return made
        })
        if (came === null) continue
        used.add(name)
        const [outcome] = came as [{ how: string; error?: { code: string; name: string } } | null]
        if (outcome?.how === 'failed') expect(['NtError', 'BadInput']).toContain(outcome.error?.name)
        expect(unbalanced(crew.driver.state)).toEqual([])
      }
    }),
    { numRuns: RUNS, seed: 7 },
  )
  expect(used.size).toBe(calls.length)
})
