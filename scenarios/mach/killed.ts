import { scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND_ONCE,
  MACH_MSG_TYPE_MOVE_SEND_ONCE,
  MACH_MSGH_BITS,
  MACH_NOTIFY_SEND_ONCE,
  MACH_PORT_RIGHT_RECEIVE,
  MachError,
  mach_msg_receive,
  mach_msg_rpc,
  mach_msg_send,
  mach_port_allocate,
  mach_task_self,
} from 'ipclab/mach'

/**
 * Two clients call a server, and the server may be killed at any of its calls. An answer comes by a send-once right, and such
 * a right gives exactly one message: if it is not used, because the request dies in the queue, or the server with the right
 * in its hands, the kernel sends a send-once notification in its place. So who waits for an answer hears of the death.
 *
 * There is one gap. Before the server has checked in, its receive right lies with the name server, and does not die with it:
 * requests are queued for somebody who will never come, and no right is lost that would give notice. `killed-mended`.
 */
export default scenario('a server is killed before it has checked in', {
  source: 'K. Loepere (ed.): Mach 3 Kernel Principles, send-once rights: always used, or a notification instead',
  about:
    'A kill at any call of the server: whoever had sent a request hears of it, unless the server had not got its receive right yet.',
  params: { clients: { default: 2, min: 1, max: 3, about: 'how many clients there are' } },
  ghost: () => ({ answered: 0, notified: 0, refused: 0 }),
  *setup() {
    yield* bootstrap_create_service('server')
  },
  programs: {
    client: {
      copies: ({ clients }) => clients,
      *program({ ghost }) {
        const reply = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
        try {
          const answer = yield* mach_msg_rpc(
            {
              msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
              msgh_remote_port: yield* bootstrap_look_up('server'),
              msgh_local_port: reply,
            },
            reply,
          )
          if (answer.msgh_id === MACH_NOTIFY_SEND_ONCE) ghost.notified += 1
          else ghost.answered += 1
        } catch (error) {
          if (!(error instanceof MachError)) throw error
          ghost.refused += 1
        }
      },
    },
    *server({ params }) {
      const requests = yield* bootstrap_check_in('server')
      for (let served = 0; served < params.clients; served++) {
        const request = yield* mach_msg_receive(requests)
        yield* mach_msg_send({
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
          msgh_remote_port: request.msgh_remote_port,
        })
      }
    },
  },
  faults: { kill: ['server'] },
  atEnd: {
    'every client knows': ({ params, ghost: { answered, notified, refused } }) =>
      answered + notified + refused === params.clients,
  },
  expect: 'deadlock',
})
