import fc from 'fast-check'
import { type Call, Driver, type DriverOptions, exit, type Id } from 'ipclab/kernel'
import * as lpc from 'ipclab/lpc'

/** Random sequences of LPC calls by three processes of two threads, with arguments that are mostly right, driven by hand. */

export interface LpcOp {
  readonly thread: number
  readonly op: string
  readonly a: number
  readonly b: number
}

const HANDLES = [4, 4, 8, 8, 12, 16, 20, 0, 3, 4096]
const NAMES = ['\\A', '\\B']

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T // no list is empty

/** What has been received so far, to be replied to by whoever likes. */
type Seen = lpc.PortMessage[]

const makers: { readonly [op: string]: (a: number, b: number, seen: Seen) => Call<unknown> } = {
  create: (a) => lpc.NtCreatePort(pick([...NAMES, null], a)),
  createWaitable: (a) => lpc.NtCreateWaitablePort(pick(NAMES, a)),
  connect: (a, b) => lpc.NtConnectPort(pick(NAMES, a), b % 2 === 0 ? {} : { info: 'who' }),
  listen: (a) => lpc.NtListenPort(pick(HANDLES, a)),
  receive: (a) => lpc.NtReplyWaitReceivePort(pick(HANDLES, a)),
  receiveAndReply: (a, b, seen) => lpc.NtReplyWaitReceivePort(pick(HANDLES, a), anAnswer(seen, b)),
  accept: (a, b, seen) => lpc.NtAcceptConnectPort(a, anAnswer(seen, b), b % 4 !== 0),
  complete: (a) => lpc.NtCompleteConnectPort(pick(HANDLES, a)),
  datagram: (a, b) => lpc.NtRequestPort(pick(HANDLES, a), { data: `d${b}` }),
  request: (a, b) => lpc.NtRequestWaitReplyPort(pick(HANDLES, a), { data: `r${b}` }),
  callback: (a, b, seen) => {
    const message = seen[b % Math.max(1, seen.length)]
    return lpc.NtRequestWaitReplyPort(pick(HANDLES, a), message === undefined ? {} : lpc.callbackTo(message, 'c'))
  },
  reply: (a, b, seen) => lpc.NtReplyPort(pick(HANDLES, a), anAnswer(seen, b)),
  replyAndWait: (a, b, seen) => lpc.NtReplyWaitReplyPort(pick(HANDLES, a), anAnswer(seen, b)),
  impersonate: (a, b, seen) => lpc.NtImpersonateClientOfPort(pick(HANDLES, a), anAnswer(seen, b)),
  register: (a) => lpc.NtRegisterThreadTerminatePort(pick(HANDLES, a)),
  section: (a) => lpc.NtCreateSection(4096 * (a % 3)),
  wait: (a) => lpc.NtWaitForSingleObject(pick(HANDLES, a), false, 0),
  close: (a) => lpc.NtClose(pick(HANDLES, a)),
  exit: () => exit(0),
}

const anAnswer = (seen: Seen, b: number): lpc.OutgoingMessage => {
  const message = seen[b % Math.max(1, seen.length)]
  return message === undefined ? { data: 'nothing' } : lpc.replyTo(message, `a${b}`)
}

const OPS = Object.keys(makers).filter((op) => op !== 'exit')

export const lpcOps: fc.Arbitrary<LpcOp[]> = fc.array(
  fc.record({
    thread: fc.nat(5),
    // What makes connections is called oftener, and a process seldom ends.
    op: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...OPS) },
      { weight: 8, arbitrary: fc.constantFrom('connect', 'receive', 'accept', 'complete', 'request', 'reply') },
      { weight: 1, arbitrary: fc.constant('exit') },
    ),
    a: fc.nat(9),
    b: fc.nat(7),
  }),
  { minLength: 10, maxLength: 40 },
)

/** Threads of processes, of which those that are blocked or gone are passed over. */
export class Crew {
  readonly driver: Driver
  readonly #threads: Id[] = []
  readonly #busy = new Set<Id>()

  constructor(options: DriverOptions = {}) {
    this.driver = new Driver(options)
    for (const id of ['p', 'q', 'r']) {
      this.#threads.push(this.driver.process({ id }))
      this.#threads.push(this.driver.thread(id, `${id}2`))
    }
  }

  /** Makes the call, if the thread is there and idle; what came of it and of others, in words. */
  do(at: number, make: () => Call<unknown>): readonly unknown[] | null {
    const thread = pick(this.#threads, at)
    if (this.#busy.has(thread) || this.driver.state.threads[thread]?.status === 'exited') return null
    const { outcome, completed } = this.driver.perform(thread, make())
    if (outcome === null) this.#busy.add(thread)
    for (const one of completed) this.#busy.delete(one.thread)
    return [outcome, ...completed.map(({ thread: other, outcome: its }) => [other, its])]
  }
}

const op = (thread: number, name: string, a = 0, b = 0): LpcOp => ({ thread, op: name, a, b })

/** The second process connects to the first and asks; the first has received the question. */
const connected: readonly LpcOp[] = [
  op(0, 'create'),
  op(2, 'connect'),
  op(0, 'receive'),
  op(0, 'accept', 1, 7),
  op(0, 'complete', 2),
  op(2, 'request'),
  op(0, 'receive'),
]

/** Runs the sequence, of even length after a connection; `look` is told of what came of each call. */
export function perform(crew: Crew, ops: readonly LpcOp[], look: (op: string, came: readonly unknown[]) => void): void {
  const seen: Seen = []
  const note = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if ('messageId' in value && 'clientId' in value) seen.push(value as lpc.PortMessage)
    else for (const inner of Object.values(value)) note(inner)
  }
  for (const { thread, op, a, b } of ops.length % 2 === 0 ? [...connected, ...ops] : ops) {
    const came = crew.do(thread, () => (makers[op] as (typeof makers)[string])(a, b, seen)) // of its keys
    if (came === null) continue
    note(came)
    look(op, came)
  }
}
