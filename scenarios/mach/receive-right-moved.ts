import { assert, scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MOVE_RECEIVE,
  MACH_MSGH_BITS,
  mach_msg_receive,
  mach_msg_send,
  portsOf,
} from 'ipclab/mach'

/**
 * A server hands its port to a successor in the middle of the traffic: it sends the receive right itself. The queue goes
 * with the right; who sends notices nothing. No message is lost, none comes twice, and they stay in order, whenever it
 * happens. That is what makes a port more than a name for a process. Only the numbering (`msgh_seqno`) begins anew with
 * each owner.
 */
export default scenario('a receive right is handed on', {
  source: 'the textbook on Mach: ownership of a mailbox, and receive privileges, can be passed to other processes',
  about:
    'The owner of a mailbox passes it on while messages come in: the new owner gets what the old one had not taken.',
  params: { messages: { default: 3, min: 1, max: 5, about: 'how many messages the client sends' } },
  ghost: () => ({ got: [] as number[] }),
  *setup() {
    yield* bootstrap_create_service('log')
    yield* bootstrap_create_service('successor')
  },
  programs: {
    *client({ params }) {
      const log = yield* bootstrap_look_up('log')
      for (let id = 1; id <= params.messages; id++)
        yield* mach_msg_send({
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
          msgh_remote_port: log,
          msgh_id: id,
        })
    },
    *old({ ghost }) {
      const log = yield* bootstrap_check_in('log')
      ghost.got.push((yield* mach_msg_receive(log)).msgh_id)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: yield* bootstrap_look_up('successor'),
        body: [{ disposition: MACH_MSG_TYPE_MOVE_RECEIVE, ports: [log] }],
      })
    },
    *successor({ params, ghost }) {
      const handover = yield* mach_msg_receive(yield* bootstrap_check_in('successor'))
      const [log = 0] = portsOf(handover)
      for (let expected = 0; ghost.got.length < params.messages; expected++) {
        const { msgh_id, msgh_seqno } = yield* mach_msg_receive(log)
        yield* assert(msgh_seqno === expected, 'the new owner counts from 0')
        ghost.got.push(msgh_id)
      }
    },
  },
  invariants: {
    'messages arrive in order, each once': ({ ghost }) => ghost.got.every((id, i) => id === i + 1),
  },
  atEnd: {
    'every message arrives': ({ params, ghost }) => ghost.got.length === params.messages,
  },
  expect: 'proved',
})
