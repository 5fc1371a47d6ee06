import { scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND_ONCE,
  MACH_MSG_TYPE_MOVE_SEND_ONCE,
  MACH_MSGH_BITS,
  MACH_PORT_RIGHT_RECEIVE,
  mach_msg_receive,
  mach_msg_rpc,
  mach_msg_send,
  mach_port_allocate,
  mach_task_self,
  numbersOf,
} from 'ipclab/mach'

/**
 * A remote procedure call. The request carries a send-once right to a port of the client's own: whoever has it can answer
 * once, and nobody else can answer at all. So two clients of one server never get each other's answers.
 */
export default scenario('remote procedure call', {
  source:
    'K. Loepere (ed.): Mach 3 Kernel Interfaces, mach_msg; the textbook on Mach: all communication is by messages',
  about: 'Clients send two numbers and a right to reply to; the server answers with their sum.',
  params: { clients: { default: 2, min: 1, max: 4, about: 'how many clients there are' } },
  ghost: () => ({ answers: [] as { wanted: number; got: number }[] }),
  *setup() {
    yield* bootstrap_create_service('adder')
  },
  programs: {
    client: {
      copies: ({ clients }) => clients,
      *program({ index, ghost }) {
        const adder = yield* bootstrap_look_up('adder')
        const reply = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
        const answer = yield* mach_msg_rpc(
          {
            msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
            msgh_remote_port: adder,
            msgh_local_port: reply,
            body: [{ data: [index, 10] }],
          },
          reply,
        )
        ghost.answers.push({ wanted: index + 10, got: numbersOf(answer)[0] ?? 0 })
      },
    },
    *server({ params }) {
      const adder = yield* bootstrap_check_in('adder')
      for (let served = 0; served < params.clients; served++) {
        const request = yield* mach_msg_receive(adder)
        const sum = numbersOf(request).reduce((a, b) => a + b, 0)
        yield* mach_msg_send({
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
          msgh_remote_port: request.msgh_remote_port,
          body: [{ data: [sum] }],
        })
      }
    },
  },
  invariants: {
    'each client gets the answer to its own question': ({ ghost }) =>
      ghost.answers.every(({ wanted, got }) => wanted === got),
  },
  atEnd: {
    'every client is answered': ({ params, ghost }) => ghost.answers.length === params.clients,
  },
  expect: 'proved',
})
