import { type Call, load, map_anonymous, type Process, store } from 'ipclab/kernel'
import * as mach from 'ipclab/mach'
import { describe, expect, test } from 'vitest'
import { Hand } from '../posix/by-hand.ts'

/** What the recordings don't have: times, out-of-line memory, and the ends of threads and tasks as programs bring them about. */

const SELF = mach.mach_task_self()
const TO_SEND = mach.MACH_MSGH_BITS(mach.MACH_MSG_TYPE_MAKE_SEND, 0)

/** Two tasks: `a` has port 1 that holds one message, and `b` a send right for it under the same name. */
function hand(): Hand {
  const made = new Hand({ a: 1000, b: 1000 })
  made.do('a', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
  made.do('a', mach.mach_port_set_qlimit(SELF, 1, 1))
  made.do('a', mach.mach_port_insert_right(pidOf(made, 'b'), 1, 1, mach.MACH_MSG_TYPE_MAKE_SEND))
  return made
}

const pidOf = ({ driver }: Hand, id: string): number => driver.state.processes[id]?.pid ?? 0
const plain = (id = 1): mach.MachMessage => ({
  msgh_bits: mach.MACH_MSG_TYPE_COPY_SEND,
  msgh_remote_port: 1,
  msgh_id: id,
})

describe('times', () => {
  test('a receiver waits so many ms, and no longer', () => {
    const h = hand()
    expect(h.do('a', mach.mach_msg_receive(1, 10))).toBe('blocks')
    expect(h.wait(9)).toEqual([])
    expect(h.wait(1)).toEqual(['a: MACH_RCV_TIMED_OUT'])
  })

  test('a sender to a full queue waits so many ms, and has its rights back', () => {
    const h = hand()
    h.do('b', mach.mach_msg_send(plain()))
    expect(h.do('b', mach.mach_msg_send(plain(), 10))).toBe('blocks')
    expect(h.wait(10)).toEqual(['b: MACH_SEND_TIMED_OUT'])
    expect(h.do('b', mach.mach_port_get_refs(SELF, 1, mach.MACH_PORT_RIGHT_SEND))).toBe(2)
  })

  test('each half of a call has the whole time', () => {
    const h = hand()
    h.do('b', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
    h.do('b', mach.mach_msg_send(plain()))
    expect(h.do('b', mach.mach_msg_rpc(plain(2), 2, 10))).toBe('blocks')
    expect(h.wait(8)).toEqual([])
    h.do('a', mach.mach_msg_receive(1))
    expect(h.wait(9)).toEqual([])
    expect(h.wait(1)).toEqual(['b: MACH_RCV_TIMED_OUT'])
  })

  test('what comes in time ends the wait, and its time is up no more', () => {
    const h = hand()
    expect(h.do('a', mach.mach_msg_receive(1, 10))).toBe('blocks')
    h.do('b', mach.mach_msg_send(plain(7)))
    expect(h.released).toHaveLength(1)
    expect(h.wait(100)).toEqual([])
    expect(h.blocked).toEqual([])
  })
})

describe('the three choices of a sender before a full queue', () => {
  test.each([
    ['wait', undefined, 'blocks'],
    ['wait at most n ms', 5, 'blocks'],
    ['not wait', 0, 'MACH_SEND_TIMED_OUT'],
  ])('%s', (_, timeout, outcome) => {
    const h = hand()
    h.do('b', mach.mach_msg_send(plain()))
    expect(h.do('b', mach.mach_msg_send(plain(), timeout))).toBe(outcome)
  })
})

describe('ends', () => {
  test('thread_abort ends a wait, and does nothing to who waits not', () => {
    const h = hand()
    expect(h.do('a', mach.mach_msg_receive(1))).toBe('blocks')
    h.do('b', mach.thread_abort('a'))
    expect(h.released).toEqual(['a: MACH_RCV_INTERRUPTED'])
    expect(h.do('b', mach.thread_abort('a'))).toBe(undefined)
    expect(h.do('b', mach.thread_abort('nobody'))).toBe('MACH_SEND_INVALID_DEST')
    expect(h.do('a', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))).toBe(2)
  })

  test('a task that is terminated gives up its rights: others hold dead names, and calls for it fail', () => {
    const h = hand()
    const pid = pidOf(h, 'a')
    h.do('b', mach.task_terminate(pid))
    expect(h.released).toEqual(['a: killed SIGKILL'])
    expect(h.do('b', mach.mach_port_type(SELF, 1))).toBe(mach.MACH_PORT_TYPE_DEAD_NAME)
    expect(h.do('b', mach.task_terminate(pid))).toBe('MACH_SEND_INVALID_DEST')
    expect(h.do('b', mach.mach_port_names(pid))).toBe('MACH_SEND_INVALID_DEST')
    expect(h.do('b', mach.mach_msg_send(plain()))).toBe('MACH_SEND_INVALID_DEST')
  })

  test('a task that is terminated while it waits to send has nothing left anywhere', () => {
    const h = hand()
    h.do('b', mach.mach_msg_send(plain()))
    expect(h.do('b', mach.mach_msg_send(plain()))).toBe('blocks')
    h.do('a', mach.task_terminate(pidOf(h, 'b')))
    h.do('a', mach.mach_msg_receive(1))
    expect(h.do('a', mach.mach_port_get_receive_status(SELF, 1))).toMatchObject({ mps_msgcount: 0, mps_srights: false })
  })

  test('a task may terminate itself', () => {
    const h = hand()
    expect(h.do('b', mach.task_terminate(SELF))).toBe('killed SIGKILL')
  })
})

describe.each(['any', 'fifo', 'lifo'] as const)('who waits to receive, woken in the order %s,', (wakeOrder) => {
  /** `a1`, a second thread of `a`, waits at port 1; `a` and `b` go on. */
  function waiting(): Hand {
    const h = new Hand({ a: 1000, b: 1000 }, { wakeOrder })
    h.driver.thread('a', 'a1')
    h.do('a', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
    h.do('a', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_PORT_SET))
    expect(h.do('a1', mach.mach_msg_receive(1))).toBe('blocks')
    return h
  }

  test('gets what comes', () => {
    const h = waiting()
    h.do('a', mach.mach_msg_send({ ...plain(), msgh_bits: TO_SEND }))
    expect(h.blocked).toEqual([])
  })

  test.each<[string, (h: Hand) => Call<unknown>, string]>([
    ['is destroyed', () => mach.mach_port_destroy(SELF, 1), 'MACH_RCV_PORT_DIED'],
    [
      'has another owner',
      (h) => mach.mach_port_insert_right(pidOf(h, 'b'), 7, 1, mach.MACH_MSG_TYPE_MOVE_RECEIVE),
      'MACH_RCV_PORT_DIED',
    ],
    ['is put into a set', () => mach.mach_port_move_member(SELF, 1, 2), 'MACH_RCV_PORT_CHANGED'],
    ['is waited at no more', () => mach.thread_abort('a1'), 'MACH_RCV_INTERRUPTED'],
  ])('is told when the port %s', (_, made, code) => {
    const h = waiting()
    h.do('a', made(h))
    expect(h.released).toEqual([`a1: ${code}`])
  })
})

test.each(['any', 'fifo', 'lifo'] as const)(
  'a sender goes on when there is room, woken in the order %s',
  (wakeOrder) => {
    const h = new Hand({ a: 1000 }, { wakeOrder })
    h.driver.thread('a', 'a1')
    h.do('a', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
    h.do('a', mach.mach_port_set_qlimit(SELF, 1, 1))
    const message = { ...plain(), msgh_bits: TO_SEND }
    h.do('a', mach.mach_msg_send(message))
    expect(h.do('a1', mach.mach_msg_send(message))).toBe('blocks')
    h.do('a', mach.mach_msg_receive(1))
    expect(h.released).toEqual(['a1: undefined'])
    expect(h.do('a', mach.mach_port_get_receive_status(SELF, 1))).toMatchObject({ mps_msgcount: 1 })
  },
)

test('a message that is destroyed ends before those that its end destroys', () => {
  const h = new Hand({ a: 1000 })
  const make = mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE)
  const [outer, inner, told, held] = Array.from({ length: 4 }, () => h.number('a', make)) as [
    number,
    number,
    number,
    number,
  ]
  const once = mach.MACH_MSG_TYPE_MAKE_SEND_ONCE
  h.do('a', mach.mach_port_request_notification(SELF, held, mach.MACH_NOTIFY_NO_SENDERS, 9, told, once))
  const send = (msgh_remote_port: number, body: mach.BodyItem[]) =>
    h.do('a', mach.mach_msg_send({ msgh_bits: TO_SEND, msgh_remote_port, body }))
  send(inner, [{ disposition: mach.MACH_MSG_TYPE_MAKE_SEND, ports: [held] }])
  send(outer, [
    { disposition: mach.MACH_MSG_TYPE_MOVE_RECEIVE, ports: [inner] },
    { disposition: once, ports: [told] },
  ])
  h.do('a', mach.mach_port_destroy(SELF, outer))
  const ids = [0, 1].map(() => (h.do('a', mach.mach_msg_receive(told, 0)) as mach.ReceivedMessage).msgh_id)
  expect(ids).toEqual([mach.MACH_NOTIFY_SEND_ONCE, mach.MACH_NOTIFY_NO_SENDERS])
})

describe('out-of-line memory', () => {
  const frames = ({ driver }: Hand): number => Object.keys(driver.state.frames).length
  /** `b` has memory with a number in it, and sends a part of it to `a`. */
  function sent({ deallocate = false, size = 8 } = {}): { h: Hand; at: number; got: mach.ReceivedMessage } {
    const h = hand()
    const at = h.number('b', mach.vm_allocate(SELF, 2 * 4096))
    h.do('b', store(at + 4092, 'u32', 41))
    // Twice, so that the translation is known by heart when the page becomes common.
    h.do('b', store(at + 4096, 'u32', 0))
    h.do('b', store(at + 4096, 'u32', 42))
    const body = [{ address: at + 4092, size, deallocate }]
    h.do('b', mach.mach_msg_send({ ...plain(), body }))
    if (!deallocate) h.do('b', store(at + 4096, 'u32', 43))
    return { h, at, got: h.do('a', mach.mach_msg_receive(1)) as mach.ReceivedMessage }
  }
  const addressIn = ({ body: [item] }: mach.ReceivedMessage): number =>
    item !== undefined && 'address' in item ? item.address : -1

  test('comes at a new address, with its place in the first page, and no page is copied before it is written', () => {
    const { h, got } = sent()
    expect(got.body).toEqual([{ address: expect.any(Number), size: 8 }])
    expect(got.msgh_bits & mach.MACH_MSGH_BITS_COMPLEX).not.toBe(0)
    expect(addressIn(got) % 4096).toBe(4092)
    expect(h.do('a', load(addressIn(got), 'u32'))).toBe(41)
    expect(h.do('a', load(addressIn(got) + 4, 'u32'))).toBe(42)
    expect(frames(h)).toBe(3) // two, and the one that `b` has written to since
  })

  test('is copied when either writes, and neither sees what the other wrote', () => {
    const { h, at, got } = sent()
    h.do('b', store(at + 4092, 'u32', 1))
    h.do('a', store(addressIn(got) + 4, 'u32', 2))
    expect(h.do('a', load(addressIn(got), 'u32'))).toBe(41)
    expect(h.do('a', load(addressIn(got) + 4, 'u32'))).toBe(2)
    expect(h.do('b', load(at + 4092, 'u32'))).toBe(1)
    expect(h.do('b', load(at + 4096, 'u32'))).toBe(43)
    expect(frames(h)).toBe(4)
  })

  test('with deallocate is the sender’s no more', () => {
    const { h, at, got } = sent({ deallocate: true })
    expect(h.do('b', load(at + 4096, 'u32'))).toBe('SIGSEGV')
    expect(h.do('a', load(addressIn(got) + 4, 'u32'))).toBe(42)
    expect((h.driver.state.processes.b as Process).mappings).toEqual([])
  })

  test('that others share is what it was when it was sent', () => {
    const h = new Hand({ a: 1000 })
    h.do('a', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
    const at = h.number('a', map_anonymous(4096))
    h.do('a', store(at, 'u32', 5))
    h.do('a', mach.mach_msg_send({ msgh_bits: TO_SEND, msgh_remote_port: 1, body: [{ address: at, size: 4 }] }))
    h.do('a', store(at, 'u32', 6))
    const got = h.do('a', mach.mach_msg_receive(1)) as mach.ReceivedMessage
    expect(h.do('a', load(addressIn(got), 'u32'))).toBe(5)
  })

  test('that is not there, or not all of it, is refused, and what was in the message before it is gone', () => {
    const h = hand()
    const body = [
      { disposition: mach.MACH_MSG_TYPE_MAKE_SEND_ONCE, ports: [1] },
      { address: 0x10000, size: 4 },
    ]
    expect(h.do('a', mach.mach_msg_send({ ...plain(), msgh_bits: TO_SEND, body }))).toBe('MACH_SEND_INVALID_MEMORY')
    expect(h.do('a', mach.mach_msg_receive(1, 0))).toMatchObject({ msgh_id: mach.MACH_NOTIFY_SEND_ONCE })
    const at = h.number('b', mach.vm_allocate(SELF, 4096))
    expect(h.do('b', mach.mach_msg_send({ ...plain(), body: [{ address: at, size: 4097 }] }))).toBe(
      'MACH_SEND_INVALID_MEMORY',
    )
  })

  test('in a message that is destroyed goes with it', () => {
    const h = hand()
    const at = h.number('b', mach.vm_allocate(SELF, 4096))
    h.do('b', store(at, 'u32', 5))
    h.do('b', mach.mach_msg_send({ ...plain(), body: [{ address: at, size: 4, deallocate: true }] }))
    expect(frames(h)).toBe(1)
    h.do('a', mach.mach_port_destroy(SELF, 1))
    expect(frames(h)).toBe(0)
  })

  test('of no size takes no pages', () => {
    expect(sent({ size: 0 }).got.body).toEqual([{ address: 0, size: 0 }])
  })
})

describe('services', () => {
  test('are found by their names, and messages wait for whoever checks in', () => {
    const h = new Hand({ a: 1000, b: 1000 })
    expect(h.do('a', mach.bootstrap_create_service('files'))).toBe(undefined)
    expect(h.do('a', mach.bootstrap_create_service('files'))).toBe('BOOTSTRAP_NAME_IN_USE')
    expect(h.do('b', mach.bootstrap_look_up('files'))).toBe(1)
    expect(h.do('b', mach.bootstrap_look_up('constructor'))).toBe('BOOTSTRAP_UNKNOWN_SERVICE')
    h.do('b', mach.mach_msg_send(plain(9)))
    expect(h.do('a', mach.bootstrap_check_in('files'))).toBe(1)
    expect(h.do('b', mach.bootstrap_check_in('files'))).toBe('BOOTSTRAP_SERVICE_ACTIVE')
    expect(h.do('a', mach.mach_msg_receive(1))).toMatchObject({ msgh_id: 9, msgh_local_port: 1 })
    h.do('a', mach.mach_port_destroy(SELF, 1))
    expect(h.do('b', mach.bootstrap_look_up('files'))).toBe('BOOTSTRAP_UNKNOWN_SERVICE')
  })
})

test('more dead-name requests than a table has room for are told in the order of its slots', () => {
  const h = new Hand({ a: 1000, b: 1000 })
  h.do('a', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
  h.do('b', mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
  const { mach_port_request_notification: request } = mach
  for (let name = 2; name <= 6; name++) {
    h.do('a', mach.mach_port_insert_right(pidOf(h, 'b'), name, 1, mach.MACH_MSG_TYPE_MAKE_SEND_ONCE))
    h.do('b', request(SELF, name, mach.MACH_NOTIFY_DEAD_NAME, 0, 1, mach.MACH_MSG_TYPE_MAKE_SEND_ONCE))
  }
  h.do('a', mach.mach_port_destroy(SELF, 1))
  const told = Array.from({ length: 5 }, () => h.do('b', mach.mach_msg_receive(1, 0)) as mach.ReceivedMessage)
  // A table of two grows to four and eight, slot 0 is never used, and new slots are used from the last.
  expect(told.map(({ body: [item] }) => (item !== undefined && 'ports' in item ? item.ports[0] : null))).toEqual([
    2, 4, 3, 6, 5,
  ])
})
