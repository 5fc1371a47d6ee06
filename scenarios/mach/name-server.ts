import { scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND,
  MACH_MSG_TYPE_MAKE_SEND_ONCE,
  MACH_MSG_TYPE_MOVE_SEND_ONCE,
  MACH_MSGH_BITS,
  MACH_PORT_RIGHT_RECEIVE,
  mach_msg_receive,
  mach_msg_rpc,
  mach_msg_send,
  mach_port_allocate,
  mach_task_self,
  portsOf,
} from 'ipclab/mach'

/** Kinds of messages to the name server. */
const REGISTER = 1
const LOOK_UP = 2

/**
 * A name server in the small: names in one task mean nothing in another, so a right can only get there in a message. Who
 * serves puts a send right for its port into a message to the name server; who asks gets a copy of it in the answer. Who
 * asks before there is an answer is kept waiting, by keeping its send-once right.
 */
export default scenario('a name server', {
  source:
    'R. Sansom, D. Julin, R. Rashid: Extending a Capability Based System into a Network Environment, 1986; netname(3)',
  about:
    'Rights travel in messages: a printer registers, a client asks for it, and prints without either knowing the other.',
  ghost: () => ({ printed: [] as number[] }),
  *setup() {
    yield* bootstrap_create_service('names')
  },
  programs: {
    *names() {
      const requests = yield* bootstrap_check_in('names')
      let registered = 0
      let waiting = 0
      for (let served = 0; served < 2; served++) {
        const request = yield* mach_msg_receive(requests)
        if (request.msgh_id === REGISTER) registered = portsOf(request)[0] ?? 0
        else waiting = request.msgh_remote_port
      }
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
        msgh_remote_port: waiting,
        body: [{ disposition: MACH_MSG_TYPE_COPY_SEND, ports: [registered] }],
      })
    },
    *printer({ ghost }) {
      const jobs = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: yield* bootstrap_look_up('names'),
        msgh_id: REGISTER,
        body: [{ disposition: MACH_MSG_TYPE_MAKE_SEND, ports: [jobs] }],
      })
      const job = yield* mach_msg_receive(jobs)
      ghost.printed.push(job.msgh_id)
    },
    *client() {
      const reply = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
      const answer = yield* mach_msg_rpc(
        {
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
          msgh_remote_port: yield* bootstrap_look_up('names'),
          msgh_local_port: reply,
          msgh_id: LOOK_UP,
        },
        reply,
      )
      const [printer = 0] = portsOf(answer)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: printer,
        msgh_id: 42,
      })
    },
  },
  atEnd: {
    'the job is printed': ({ ghost: { printed } }) => printed.length === 1 && printed[0] === 42,
  },
  expect: 'proved',
})
