import fc from 'fast-check'
import {
  type Call,
  CallError,
  type Context,
  type Faults,
  type Program,
  type Scenario,
  scenario,
  store,
  thread_create,
  type WakeOrder,
} from 'ipclab/kernel'
import * as mach from 'ipclab/mach'
import { faults } from '../../helpers/random-faults.ts'

/**
 * Random programs of three tasks that make every call of Mach's with arguments that are mostly right. Each has a port
 * of its own from the start, and send rights to the others'. They catch every error.
 */

export const NAMES = ['p', 'q', 'r'] as const

/** One call: which, and numbers out of which its arguments are made. */
export interface MachOp {
  readonly op: string
  readonly a: number
  readonly b: number
  readonly c: number
  /** What a further thread does. */
  readonly body: readonly MachOp[]
}

export interface MachCase {
  readonly programs: readonly (readonly MachOp[])[]
  readonly wakeOrder: WakeOrder
  readonly seed: string
  readonly faults: Faults
}

/** What came of each call, by program. */
export type Ghost = string[]
type Given = Context<unknown, unknown, Ghost>

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T // no list is empty

const SELF = mach.mach_task_self()
const RIGHTS = [0, 1, 1, 1, 2, 3, 3, 4]
const DISPOSITIONS = [16, 17, 18, 19, 20, 20, 21, 21]
const TIMEOUTS = [undefined, 0, 5]
const taskOf = ({ pids }: Given, a: number): number => pick([SELF, SELF, ...NAMES.map((name) => pids[name] ?? 0)], a)
/** A name that the task may well have, seldom one that nobody has. */
const nameOf = (a: number): number => pick([1, 2, 3, 4, 5, 6, 7, 8, 0, 0xffff_ffff], a)

/** A message of which something is right. */
function messageOf(a: number, b: number, c: number): mach.MachMessage {
  const bodies: mach.BodyItem[][] = [
    [],
    [{ data: [a, b, c] }],
    [{ disposition: pick(DISPOSITIONS, c), ports: [nameOf(b)] }],
    [{ string: 'abc' }, { disposition: pick(DISPOSITIONS, b), ports: [nameOf(c), nameOf(a)] }],
    [{ address: 0x10000 + a, size: 100 * b, deallocate: c % 2 === 0 }],
  ]
  const replies = a % 3 === 0
  return {
    msgh_bits: mach.MACH_MSGH_BITS(pick([19, 19, 20, 17, 18, 21], b), replies ? pick(DISPOSITIONS, a + c) : 0),
    msgh_remote_port: nameOf(a % 6),
    ...(replies && { msgh_local_port: nameOf(c) }),
    msgh_id: 100 + a,
    body: pick(bodies, a + b + c),
  }
}

type Maker = (a: number, b: number, c: number, context: Given) => Call<unknown>

const makers: { readonly [op: string]: Maker } = {
  allocate: (_, b) => mach.mach_port_allocate(SELF, pick(RIGHTS, b)),
  allocate_name: (a, b) => mach.mach_port_allocate_name(SELF, pick(RIGHTS, b), nameOf(a)),
  deallocate: (a) => mach.mach_port_deallocate(SELF, nameOf(a)),
  destroy: (a) => mach.mach_port_destroy(SELF, nameOf(a)),
  mod_refs: (a, b, c) => mach.mach_port_mod_refs(SELF, nameOf(a), pick([1, ...RIGHTS], b), pick([-1, -1, 1, 0, 5], c)),
  get_refs: (a, b) => mach.mach_port_get_refs(SELF, nameOf(a), b % 6),
  type: (a) => mach.mach_port_type(SELF, nameOf(a)),
  names: () => mach.mach_port_names(SELF),
  rename: (a, b) => mach.mach_port_rename(SELF, nameOf(a), nameOf(b)),
  make_send: (a) => mach.mach_port_insert_right(SELF, nameOf(a), nameOf(a), 20),
  insert_right: (a, b, c, context) =>
    mach.mach_port_insert_right(taskOf(context, a), nameOf(b + 3), nameOf(c), pick(DISPOSITIONS, a)),
  extract_right: (a, b, c, context) =>
    mach.mach_port_extract_right(taskOf(context, a + 2), nameOf(b), pick(DISPOSITIONS, c)),
  move_member: (a, b) => mach.mach_port_move_member(SELF, nameOf(a), nameOf(b)),
  get_set_status: (a) => mach.mach_port_get_set_status(SELF, nameOf(a)),
  set_qlimit: (a, b) => mach.mach_port_set_qlimit(SELF, nameOf(a), pick([0, 1, 1, 2, 5, 17], b)),
  set_mscount: (a, b) => mach.mach_port_set_mscount(SELF, nameOf(a), b),
  set_seqno: (a, b) => mach.mach_port_set_seqno(SELF, nameOf(a), b),
  get_receive_status: (a) => mach.mach_port_get_receive_status(SELF, nameOf(a)),
  request_notification: (a, b, c) =>
    mach.mach_port_request_notification(SELF, nameOf(a), pick([69, 70, 72, 72, 71], b), c % 2, nameOf(b), 21),
  send: (a, b, c) => mach.mach_msg_send(messageOf(a, b, c), pick(TIMEOUTS, c)),
  receive: (a, _, c) => mach.mach_msg_receive(nameOf(a), pick(TIMEOUTS, c)),
  large: (a, b) =>
    mach.mach_msg(null, mach.MACH_RCV_MSG | mach.MACH_RCV_TIMEOUT | (b % 2 === 0 ? mach.MACH_RCV_LARGE : 0), {
      rcv_name: nameOf(a),
      rcv_size: 24 + 4 * (b % 3),
      timeout: b % 4,
    }),
  rpc: (a, b, c) => mach.mach_msg_rpc(messageOf(3 * a, b, c), nameOf(c), pick(TIMEOUTS, b)),
  abort: (a) => mach.thread_abort(pick(NAMES, a)),
  terminate: (a, _, __, context) => mach.task_terminate(taskOf(context, a)),
  vm_allocate: (a) => mach.vm_allocate(SELF, 100 * a),
  vm_deallocate: (a, b) => mach.vm_deallocate(SELF, 0x10000 + a, 100 * b),
  store: (a, b) => store(0x10000 + 4 * a, 'u32', b),
}

/** The same, with arguments that are right while nothing has happened to the names that each task has from the start. */
const OWN = 1
const SET = 4
const others = (a: number): number => 2 + (a % 2)
const carried = (a: number, b: number): mach.BodyItem[] =>
  pick<mach.BodyItem[]>(
    [
      [],
      [{ data: [a] }],
      [{ disposition: mach.MACH_MSG_TYPE_MAKE_SEND, ports: [OWN] }],
      [{ disposition: mach.MACH_MSG_TYPE_MAKE_SEND_ONCE, ports: [OWN, OWN] }],
      [{ disposition: mach.MACH_MSG_TYPE_COPY_SEND, ports: [others(b)] }],
      [{ disposition: mach.MACH_MSG_TYPE_MOVE_SEND, ports: [others(b)] }],
      [{ disposition: mach.MACH_MSG_TYPE_MOVE_SEND_ONCE, ports: [5] }, { data: [b] }],
      [{ disposition: mach.MACH_MSG_TYPE_MOVE_RECEIVE, ports: [pick([OWN, 5], b)] }],
    ],
    a,
  )
const request = (a: number, b: number, replies: boolean): mach.MachMessage => ({
  msgh_bits: mach.MACH_MSGH_BITS(mach.MACH_MSG_TYPE_COPY_SEND, replies ? mach.MACH_MSG_TYPE_MAKE_SEND_ONCE : 0),
  msgh_remote_port: others(a),
  ...(replies && { msgh_local_port: OWN }),
  msgh_id: a,
  body: carried(b, a),
})

const right: { readonly [op: string]: Maker } = {
  post: (a, b, c) => mach.mach_msg_send(request(a, b, false), pick(TIMEOUTS, c)),
  ask: (a, b, c) => mach.mach_msg_rpc(request(a, b, true), OWN, pick(TIMEOUTS, c)),
  take: (_, __, c) => mach.mach_msg_receive(OWN, pick(TIMEOUTS, c)),
  take_set: (_, __, c) => mach.mach_msg_receive(SET, pick(TIMEOUTS, c)),
  answer: (a) =>
    mach.mach_msg_send({ msgh_bits: mach.MACH_MSG_TYPE_MOVE_SEND_ONCE, msgh_remote_port: pick([5, 5, 6], a) }, 0),
  watch: (a, b) => mach.mach_port_request_notification(SELF, others(a), mach.MACH_NOTIFY_DEAD_NAME, b % 2, OWN, 21),
  own_watch: (a, b) =>
    mach.mach_port_request_notification(SELF, OWN, pick([69, 70], a), 0, pick([OWN, 5], b), pick([21, 18], b)),
  make_port: () => mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE),
  into_set: (a, b) => mach.mach_port_move_member(SELF, pick([OWN, OWN, 5], a), pick([SET, SET, 5, 0], b)),
  narrow: (_, b) => mach.mach_port_set_qlimit(SELF, OWN, pick([0, 1, 1, 2], b)),
  drop: (a) => mach.mach_port_deallocate(SELF, others(a)),
  end: (a) => mach.mach_port_mod_refs(SELF, pick([OWN, 5], a), mach.MACH_PORT_RIGHT_RECEIVE, -1),
}

const number = fc.nat(11)
const RARE: ReadonlySet<string> = new Set(['terminate', 'store'])
const usual = Object.keys(makers).filter((name) => !RARE.has(name))
const makersOfAll = { ...makers, ...right }

const plain = (ops: readonly string[]) =>
  fc.record({ op: fc.constantFrom(...ops), a: number, b: number, c: number, body: fc.constant<MachOp[]>([]) })

const { op } = fc.letrec<{ op: MachOp; body: MachOp[] }>((tie) => ({
  body: fc.array(tie('op'), { maxLength: 4, depthIdentifier: 'body' }),
  op: fc.oneof(
    { depthIdentifier: 'body', depthSize: 'small' },
    { weight: 20, arbitrary: plain(['post', 'ask', 'take', 'post', 'ask', 'take', ...Object.keys(right)]) },
    { weight: 10, arbitrary: plain(usual) },
    { weight: 1, arbitrary: plain([...RARE]) },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constant('thread'), a: number, b: number, c: number, body: tie('body') }),
    },
  ),
}))

const casesOf = (
  maxLength: number,
  faulty: fc.Arbitrary<Faults>,
  orders: readonly WakeOrder[],
): fc.Arbitrary<MachCase> =>
  fc.record({
    faults: faulty,
    programs: fc.array(fc.array(op, { maxLength }), { minLength: NAMES.length, maxLength: NAMES.length }),
    wakeOrder: fc.constantFrom(...orders),
    seed: fc.string({ minLength: 1, maxLength: 4 }),
  })

const ORDERS: readonly WakeOrder[] = ['any', 'fifo', 'lifo']

/** In most of them things may go wrong. */
export const machCases = casesOf(14, faults(NAMES, ['SIGUSR1']), ORDERS)
/** Nothing goes wrong from outside, and there is little of it. */
export const smallCases = casesOf(3, fc.constant({}), ORDERS)

export function scenarioOf({ programs, wakeOrder, faults }: MachCase): Scenario {
  return scenario('random', {
    *setup(): Program {
      for (const name of NAMES) yield* mach.bootstrap_create_service(name)
    },
    ghost: (): Ghost => [],
    programs: Object.fromEntries(
      NAMES.map((name, at) => [name, (context: Given) => first(programs[at] ?? [], context)]),
    ),
    expect: 'holds',
    deadlocks: 'total',
    wakeOrder,
    maxSteps: 300,
    faults,
  })
}

/** Name 1 is its own port's, 2 and 3 are the others', 4 is a set. */
function* first(ops: readonly MachOp[], context: Given): Program {
  yield* mach.bootstrap_check_in(context.name)
  yield* attempt(mach.mach_port_set_qlimit(SELF, OWN, 1), context)
  for (const name of NAMES) if (name !== context.name) yield* attempt(mach.bootstrap_look_up(name), context)
  yield* attempt(mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_PORT_SET), context)
  yield* body(ops, context)
}

/** The same beside a task that gives the others send-once rights for a port of its own, from which nobody receives. */
export function countedScenarioOf(given: MachCase, rights: number): Scenario {
  const made = scenarioOf(given)
  function* counter(context: Given): Program {
    const counted = yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE)
    const idle = yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE)
    for (let nth = 0; nth < rights; nth++) {
      const task = context.pids[pick(NAMES, nth)] ?? 0
      const once = mach.MACH_MSG_TYPE_MAKE_SEND_ONCE
      yield* attempt(mach.mach_port_insert_right(task, 5 + nth, counted, once), context)
    }
    yield* mach.mach_msg_receive(idle)
  }
  return { ...made, programs: { counter: counter as never, ...made.programs } } // as scenario() has made the others
}

/** Two tasks, each with its own port and a send right to the other's. */
export function smallScenarioOf({ programs, wakeOrder }: MachCase): Scenario {
  const names = NAMES.slice(0, 2)
  return scenario('small', {
    *setup(): Program {
      for (const name of names) yield* mach.bootstrap_create_service(name)
    },
    ghost: (): Ghost => [],
    programs: Object.fromEntries(
      names.map((name, at) => [
        name,
        function* (context: Given): Program {
          yield* mach.bootstrap_check_in(name)
          yield* attempt(mach.bootstrap_look_up(names[1 - at] ?? ''), context)
          yield* body(programs[at] ?? [], context)
        },
      ]),
    ),
    expect: 'holds',
    wakeOrder,
  })
}

function* body(ops: readonly MachOp[], context: Given): Program {
  for (const { op: name, a, b, c, body: inner } of ops) {
    if (name === 'thread') yield* thread_create(body, inner, context)
    else yield* attempt((makersOfAll[name] as Maker)(a, b, c, context), context) // ops are made of these
  }
}

function* attempt(call: Call<unknown>, { name, ghost }: Given): Program {
  try {
    const got = yield* call
    ghost.push(`${name} ${call.def.name} ${JSON.stringify(got)}`)
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    ghost.push(`${name} ${error.message} ${JSON.stringify(error.detail)}`)
  }
}
