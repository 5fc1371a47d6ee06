import * as mach from '../ipc/mach/index.ts'
import { boot, type Program, scenario } from '../kernel/index.ts'
import { table } from './table.ts'

/** How Mach's calls grow: with the ports of a set, with the names of a space, and with the rights of a message. */

const SELF = mach.mach_task_self()
const SEND = mach.MACH_MSGH_BITS(mach.MACH_MSG_TYPE_MAKE_SEND, 0)

/** Microseconds for each of so many calls of a program, which says when it is ready by its first value. */
function measured(calls: number, program: (begins: () => void) => Program<unknown>): number {
  let from = 0
  const one = scenario('growth', {
    programs: {
      *task() {
        yield* program(() => {
          from = performance.now()
        })
      },
    },
    expect: 'holds',
    maxSteps: Number.MAX_SAFE_INTEGER,
  })
  const simulation = boot(one, { door: { pick: () => 0 }, once: true })
  simulation.start()
  const { machine } = simulation
  while (machine.ready.size > 0) machine.step(0)
  if (machine.alive > 0 || machine.trouble !== null) throw new Error(machine.trouble?.message ?? 'it waits for ever')
  return ((performance.now() - from) * 1000) / calls
}

const CALLS = 2_000

/** A message to one of so many ports of a set, and its receipt from the set. */
const throughSet = (ports: number): number =>
  measured(CALLS, function* (begins) {
    const set = yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_PORT_SET)
    const members: number[] = []
    for (let i = 0; i < ports; i++) {
      const port = yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE)
      yield* mach.mach_port_move_member(SELF, port, set)
      members.push(port)
    }
    begins()
    for (let i = 0; i < CALLS; i++) {
      yield* mach.mach_msg_send({ msgh_bits: SEND, msgh_remote_port: members[(i * 7919) % ports] ?? 0 })
      yield* mach.mach_msg_receive(set)
    }
  })

/** A name made and given up in a space that has so many. */
const inSpace = (names: number): number =>
  measured(CALLS, function* (begins) {
    for (let i = 0; i < names; i++) yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_DEAD_NAME)
    begins()
    for (let i = 0; i < CALLS; i++) {
      const name = yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE)
      yield* mach.mach_port_destroy(SELF, name)
    }
  })

/** A message that carries so many rights, sent and received; the rights are given up. */
const carried = (rights: number): number =>
  measured(CALLS, function* (begins) {
    const port = yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE)
    const ports = Array.from({ length: rights }, () => port)
    begins()
    for (let i = 0; i < CALLS; i++) {
      const body = [{ disposition: mach.MACH_MSG_TYPE_MAKE_SEND, ports }]
      yield* mach.mach_msg_send({ msgh_bits: SEND, msgh_remote_port: port, body })
      yield* mach.mach_msg_receive(port)
      yield* mach.mach_port_mod_refs(SELF, port, mach.MACH_PORT_RIGHT_SEND, -rights)
    }
  })

/** Receive rights in each other's queues, so many deep, and taken out again: each message brings the port of the next. */
const chained = (links: number): number =>
  measured(links, function* (begins) {
    const ports: number[] = []
    for (let i = 0; i <= links; i++) ports.push(yield* mach.mach_port_allocate(SELF, mach.MACH_PORT_RIGHT_RECEIVE))
    begins()
    for (let i = links - 1; i >= 0; i--) {
      const body = [{ disposition: mach.MACH_MSG_TYPE_MOVE_RECEIVE, ports: [ports[i + 1] ?? 0] }]
      yield* mach.mach_msg_send({ msgh_bits: SEND, msgh_remote_port: ports[i] ?? 0, body })
    }
    let at = ports[0] ?? 0
    for (let i = 0; i < links; i++) at = mach.portsOf(yield* mach.mach_msg_receive(at))[0] ?? 0
  })

const us = (microseconds: number): string => `${microseconds.toFixed(1)} us`

export function bench(): void {
  const rows = [['', '10', '1,000', '10,000', '100,000']]
  const row = (name: string, sizes: readonly number[], of: (size: number) => number): void => {
    rows.push([name, ...sizes.map((size) => us(of(size)))])
  }
  row('a message by a set of so many ports', [10, 1_000, 10_000], throughSet)
  row('a name more in a space of so many', [10, 1_000, 10_000, 100_000], inSpace)
  row('a link of a chain of so many ports', [10, 1_000, 10_000], chained)
  row('a message with so many rights', [10, 1_000], carried)
  table('microseconds each, on one core', rows)
}
