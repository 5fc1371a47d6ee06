import { scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND,
  MACH_MSG_TYPE_MOVE_SEND,
  MACH_MSGH_BITS,
  MACH_PORT_RIGHT_RECEIVE,
  mach_msg_receive,
  mach_msg_send,
  mach_port_allocate,
  mach_task_self,
  numbersOf,
} from 'ipclab/mach'

/**
 * A client makes two calls, to two servers, and has both answer to one port. It takes the first answer that comes for the
 * answer to the first call. Nothing orders two servers: it may as well be the other one's.
 *
 * `shared-reply-port-mended` gives each call a port of its own; matching answers to calls by `msgh_id` would do, too.
 */
export default scenario('one reply port for two calls', {
  source: 'K. Loepere (ed.): Mach 3 Server Writer’s Guide, on reply ports',
  about: 'Two servers answer to the same port; the answers come in whatever order the servers run.',
  ghost: () => ({ square: 0, cube: 0 }),
  *setup() {
    yield* bootstrap_create_service('square')
    yield* bootstrap_create_service('cube')
  },
  programs: {
    *client({ ghost }) {
      const reply = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
      for (const service of ['square', 'cube'])
        yield* mach_msg_send({
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND),
          msgh_remote_port: yield* bootstrap_look_up(service),
          msgh_local_port: reply,
          body: [{ data: [3] }],
        })
      ghost.square = numbersOf(yield* mach_msg_receive(reply))[0] ?? 0
      ghost.cube = numbersOf(yield* mach_msg_receive(reply))[0] ?? 0
    },
    *square() {
      const request = yield* mach_msg_receive(yield* bootstrap_check_in('square'))
      const [n = 0] = numbersOf(request)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0),
        msgh_remote_port: request.msgh_remote_port,
        body: [{ data: [n * n] }],
      })
    },
    *cube() {
      const request = yield* mach_msg_receive(yield* bootstrap_check_in('cube'))
      const [n = 0] = numbersOf(request)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0),
        msgh_remote_port: request.msgh_remote_port,
        body: [{ data: [n * n * n] }],
      })
    },
  },
  invariants: {
    'each answer is to the question that was asked': ({ ghost: { square, cube } }) =>
      (square === 0 || square === 9) && (cube === 0 || cube === 27),
  },
  expect: 'violates: each answer is to the question that was asked',
})
