import fc from 'fast-check'
import {
  type Context,
  type KernelObject,
  type KernelState,
  type Program,
  pause,
  scenario,
  type WakeOrder,
} from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { expect, test } from 'vitest'
import { isWanted, unserved, withoutReason } from '../../helpers/in-vain.ts'
import { randomSchedules } from '../../helpers/schedules.ts'

/** Messages by System V queues, packets and datagrams: each is received once, in the order that its means promises. */

const runs = (usual: number): number => Number(process.env.RUNS ?? usual)

interface Case {
  readonly by: 'sysv' | 'packets' | 'datagrams'
  /** Of each sender, the types of its messages. */
  readonly senders: readonly (readonly number[])[]
  /** Of each receiver, the types that it asks for. */
  readonly receivers: readonly (readonly number[])[]
  readonly bytes: number
  readonly wakeOrder: WakeOrder
  readonly seed: string
}

const cases: fc.Arbitrary<Case> = fc.record({
  by: fc.constantFrom('sysv', 'packets', 'datagrams'),
  senders: fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 9 }), { minLength: 1, maxLength: 3 }),
  receivers: fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 7 }), { maxLength: 3 }),
  bytes: fc.constantFrom(3, 6000),
  wakeOrder: fc.constantFrom<WakeOrder>('any', 'fifo', 'lifo'),
  seed: fc.string({ minLength: 1, maxLength: 4 }),
})

/** Names begin their messages, and the rest is of no account. */
const nameOf = (text: string): string => text.slice(0, 3)

interface Means {
  send(text: string, type: number): Program<unknown>
  receive(type: number): Program<string>
}

function* means(by: Case['by']): Program<Means> {
  if (by === 'sysv') {
    const queue = yield* posix.msgget(posix.IPC_PRIVATE, 0o600)
    return {
      *send(mtext, mtype) {
        yield* posix.msgsnd(queue, { mtype, mtext })
      },
      *receive(type) {
        return (yield* posix.msgrcv(queue, 8192, type)).mtext
      },
    }
  }
  if (by === 'packets') {
    const [one, other] = yield* posix.socketpair(posix.AF_UNIX, posix.SOCK_SEQPACKET)
    return {
      *send(text) {
        yield* posix.send(one, text)
      },
      *receive() {
        return yield* posix.recv(other, 8192)
      },
    }
  }
  const inbox = yield* posix.socket(posix.AF_UNIX, posix.SOCK_DGRAM)
  yield* posix.bind(inbox, 'inbox')
  const from = yield* posix.socket(posix.AF_UNIX, posix.SOCK_DGRAM)
  return {
    *send(text) {
      yield* posix.sendto(from, text, 0, 'inbox')
    },
    *receive() {
      return yield* posix.recv(inbox, 8192)
    },
  }
}

interface Waiting {
  readonly name: string
  readonly type: number
}

interface Holder extends KernelObject {
  readonly messages?: readonly { readonly mtype: number; readonly mtext: string }[]
  readonly queue?: readonly { readonly data: string }[]
  readonly bytes?: number
}

/** What has been sent and is not received, in order. */
const waitingIn = ({ objects }: KernelState): Waiting[] =>
  Object.values(objects).flatMap((object) => {
    const { messages, queue } = object as Holder
    if (object.kind === 'msg queue')
      return (messages ?? []).map(({ mtype, mtext }) => ({ name: nameOf(mtext), type: mtype }))
    return object.kind === 'socket' ? (queue ?? []).map(({ data }) => ({ name: nameOf(data), type: 1 })) : []
  })

/** Which of those that wait the receiver is to get: the oldest that it wants; of a range of types, of the lowest. */
function next(waiting: readonly Waiting[], type: number): Waiting | undefined {
  const wanted = waiting.filter((one) => isWanted({ type }, one.type))
  const lowest = Math.min(...wanted.map((one) => one.type))
  return type < 0 ? wanted.find((one) => one.type === lowest) : wanted[0]
}

test('a message is received once, the oldest that is wanted first, and no queue holds more than it may', () => {
  let received = 0
  fc.assert(
    fc.property(cases, ({ by, senders, receivers, bytes, wakeOrder, seed }) => {
      const sent: string[] = []
      const got: string[] = []
      const made = scenario('messages', {
        setup: () => means(by),
        programs: {
          // What nobody receives would be gone with the last who has the socket.
          *keeper() {
            yield* pause()
          },
          ...Object.fromEntries(
            senders.map((types, s) => [
              `s${s}`,
              function* ({ shared }: Context): Program {
                for (const [n, type] of types.entries()) {
                  yield* (shared as Means).send(`${s}.${n}`.padEnd(bytes), type)
                  sent.push(`${s}.${n}`)
                }
              },
            ]),
          ),
          ...Object.fromEntries(
            receivers.map((types, r) => [
              `r${r}`,
              function* ({ shared }: Context): Program {
                for (const type of types) {
                  const name = nameOf(yield* (shared as Means).receive(type))
                  if (by === 'sysv')
                    expect(isWanted({ type }, senders[Number(name[0])]?.[Number(name[2])] ?? 0)).toBe(true)
                  got.push(name)
                }
              },
            ]),
          ),
        },
        expect: 'holds',
        deadlocks: 'total',
      })
      let before: Waiting[] = []
      randomSchedules(made, seed, 1, {
        wakeOrder,
        observers: [
          (simulation) => {
            const { state, machine } = simulation
            const now = waitingIn(state)
            const gone = before.filter(({ name }) => !now.some((one) => one.name === name))
            const type = by === 'sysv' ? Number(machine.callArgs?.type ?? 0) : 0
            expect(gone).toEqual(gone.length === 0 ? [] : [next(before, type)])
            // What is new came last, and the others stand as they stood.
            const stayed = before.filter((one) => !gone.includes(one))
            expect(now.slice(0, stayed.length)).toEqual(stayed)
            before = now
            expect([...unserved(state), ...withoutReason(simulation)]).toEqual([])
            if (by === 'datagrams') expect(now.length).toBeLessThanOrEqual(11) // max_dgram_qlen, and one
            for (const object of Object.values(state.objects) as Holder[]) {
              if (object.kind !== 'msg queue') continue
              expect(object.bytes).toBe(now.length * bytes)
              expect(object.bytes).toBeLessThanOrEqual(16384)
            }
          },
        ],
        after({ state }) {
          const all = [...got, ...waitingIn(state).map(({ name }) => name)]
          expect(all.sort()).toEqual(sent.sort())
          received += got.length
        },
      })
    }),
    { numRuns: runs(250) },
  )
  expect(received).toBeGreaterThan(runs(250))
})
