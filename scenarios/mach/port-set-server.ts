import { scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND_ONCE,
  MACH_MSG_TYPE_MOVE_SEND_ONCE,
  MACH_MSGH_BITS,
  MACH_PORT_RIGHT_PORT_SET,
  MACH_PORT_RIGHT_RECEIVE,
  mach_msg_receive,
  mach_msg_rpc,
  mach_msg_send,
  mach_port_allocate,
  mach_port_move_member,
  mach_task_self,
  numbersOf,
} from 'ipclab/mach'

/**
 * One thread serves two ports, as it would wait in `poll` on two pipes: it puts both into a port set and receives from
 * that. A message says in `msgh_local_port` to which of them it was sent, and that is how the server knows what to do.
 * While a port is in a set nobody can receive from it alone (MACH_RCV_IN_SET).
 */
export default scenario('a server of a port set', {
  source: 'K. Loepere (ed.): Mach 3 Kernel Interfaces, mach_port_move_member, mach_msg',
  about: 'One server thread, two ports in one set, a client for each: both are answered, each as its port asks for.',
  ghost: () => ({ sum: 0, product: 0 }),
  *setup() {
    yield* bootstrap_create_service('adder')
    yield* bootstrap_create_service('multiplier')
  },
  programs: {
    *server() {
      const self = mach_task_self()
      const adder = yield* bootstrap_check_in('adder')
      const multiplier = yield* bootstrap_check_in('multiplier')
      const both = yield* mach_port_allocate(self, MACH_PORT_RIGHT_PORT_SET)
      yield* mach_port_move_member(self, adder, both)
      yield* mach_port_move_member(self, multiplier, both)
      for (let served = 0; served < 2; served++) {
        const request = yield* mach_msg_receive(both)
        const [a = 0, b = 0] = numbersOf(request)
        yield* mach_msg_send({
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
          msgh_remote_port: request.msgh_remote_port,
          body: [{ data: [request.msgh_local_port === adder ? a + b : a * b] }],
        })
      }
    },
    *adding({ ghost }) {
      const adder = yield* bootstrap_look_up('adder')
      const reply = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
      const answer = yield* mach_msg_rpc(
        {
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
          msgh_remote_port: adder,
          msgh_local_port: reply,
          body: [{ data: [3, 4] }],
        },
        reply,
      )
      ghost.sum = numbersOf(answer)[0] ?? 0
    },
    *multiplying({ ghost }) {
      const multiplier = yield* bootstrap_look_up('multiplier')
      const reply = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
      const answer = yield* mach_msg_rpc(
        {
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
          msgh_remote_port: multiplier,
          msgh_local_port: reply,
          body: [{ data: [3, 4] }],
        },
        reply,
      )
      ghost.product = numbersOf(answer)[0] ?? 0
    },
  },
  atEnd: {
    'both are answered': ({ ghost: { sum, product } }) => sum === 7 && product === 12,
  },
  expect: 'proved',
})
