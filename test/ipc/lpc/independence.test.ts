import fc from 'fast-check'
import { CallError, type Program, type Scenario, scenario } from 'ipclab/kernel'
import * as lpc from 'ipclab/lpc'
import { expect, test } from 'vitest'
import { type Comparison, compareOrders } from '../../helpers/independence.ts'

const RUNS = Number(process.env.RUNS ?? 150)

const ops = ['connect', 'accept', 'receive', 'reply', 'request', 'datagram', 'close', 'register', 'poll'] as const
type Op = readonly [op: (typeof ops)[number], which: number]

/** Handles that may well be there, and messages that were received. */
function* take([op, which]: Op, own: string, seen: lpc.PortMessage[]): Program {
  const port = 4 + 4 * which
  const last = seen.at(-1)
  const reply = last === undefined ? { data: 'nothing' } : lpc.replyTo(last, own)
  switch (op) {
    case 'connect':
      return void (yield* lpc.NtConnectPort(which === 0 ? '\\a' : '\\b'))
    case 'accept':
      return void (yield* lpc.NtCompleteConnectPort((yield* lpc.NtAcceptConnectPort(own, reply, which < 2)).port))
    case 'receive':
      return void seen.push((yield* lpc.NtReplyWaitReceivePort(port)).message)
    case 'reply':
      return yield* lpc.NtReplyPort(port, reply)
    case 'request':
      return void seen.push(yield* lpc.NtRequestWaitReplyPort(port, own))
    case 'datagram':
      return yield* lpc.NtRequestPort(port, own)
    case 'close':
      return yield* lpc.NtClose(port)
    case 'register':
      return yield* lpc.NtRegisterThreadTerminatePort(port)
    case 'poll': {
      const received = yield* lpc.NtReplyWaitReceivePortEx(port, null, 0)
      return void (received === lpc.STATUS_TIMEOUT || seen.push(received.message))
    }
    default:
      op satisfies never
  }
}

/** Each begins with a port of its own, and does what it is told, whatever comes of that. */
function* interpret(name: string, list: readonly Op[]): Program {
  const seen: lpc.PortMessage[] = []
  yield* lpc.NtCreateWaitablePort(`\\${name}`)
  for (const op of list) {
    try {
      yield* take(op, name, seen)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
    }
  }
}

const made = (lists: readonly (readonly Op[])[]): Scenario =>
  scenario('three by LPC', {
    programs: {
      a: () => interpret('a', lists[0] ?? []),
      b: () => interpret('b', lists[1] ?? []),
      c: () => interpret('c', lists[2] ?? []),
    },
    expect: 'holds',
  })

const random = fc.array(fc.tuple(fc.constantFrom(...ops), fc.nat(2)), { minLength: 2, maxLength: 6 })
/** The first two serve and the last asks, and then anything. */
const programs = fc
  .tuple(random, random, random)
  .map(([a, b, c]): Op[][] => [
    [['receive', 0], ['accept', 0], ['receive', 0], ['reply', 0], ...a],
    b,
    [['connect', 0], ['request', 1], ...c],
  ])

test('two steps of LPC whose footprints do not meet come to the same in either order', () => {
  let compared = 0
  fc.assert(
    fc.property(programs, fc.array(fc.nat(5), { maxLength: 24 }), (lists, numbers) => {
      const result: Comparison = { compared: 0, differing: [] }
      compareOrders(made(lists), numbers, result)
      expect(result.differing).toEqual([])
      compared += result.compared
    }),
    { numRuns: RUNS, seed: 9 },
  )
  expect(compared).toBeGreaterThan(RUNS / 3)
})
