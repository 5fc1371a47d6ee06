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
 * The clients of `killed` wait for so long and no longer: a server that never came is noticed, too. Most of the time they
 * need not: a server that dies with their send-once rights, or with their requests in its queue, gives them a notification.
 */
export default scenario('a server is killed, and every client hears of it', {
  source: 'K. Loepere (ed.): Mach 3 Kernel Principles, send-once rights: always used, or a notification instead',
  about:
    'A kill at any call of the server, under every schedule: each client gets an answer, a notification, or an error.',
  params: { clients: { default: 1, min: 1, max: 3, about: 'how many clients there are' } },
  ghost: () => ({ answered: 0, notified: 0, refused: 0, late: 0 }),
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
            10,
          )
          if (answer.msgh_id === MACH_NOTIFY_SEND_ONCE) ghost.notified += 1
          else ghost.answered += 1
        } catch (error) {
          if (!(error instanceof MachError)) throw error
          if (error.code === 'MACH_RCV_TIMED_OUT') ghost.late += 1
          else ghost.refused += 1
        }
      },
    },
    *server({ params }) {
      const requests = yield* bootstrap_check_in('server')
      for (let served = 0; served < params.clients; served++) {
        const request = yield* mach_msg_receive(requests)
        try {
          yield* mach_msg_send({
            msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
            msgh_remote_port: request.msgh_remote_port,
          })
        } catch (error) {
          // The client has waited no longer, and is gone.
          if (!(error instanceof MachError) || error.code !== 'MACH_SEND_INVALID_DEST') throw error
        }
      }
    },
  },
  faults: { kill: ['server'] },
  atEnd: {
    'every client knows': ({ params, ghost: { answered, notified, refused, late } }) =>
      answered + notified + refused + late === params.clients,
  },
  sometimes: {
    'a client is told by a notification': ({ ghost: { notified } }) => notified > 0,
  },
  expect: 'proved',
})
