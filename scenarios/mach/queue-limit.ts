import { scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSGH_BITS,
  MachError,
  mach_msg_receive,
  mach_msg_send,
  mach_port_set_qlimit,
  mach_task_self,
} from 'ipclab/mach'

/**
 * A port's queue is bounded. A sender that finds it full has the choice: wait for ever, wait at most so many
 * milliseconds, or not wait at all. The last two can fail (MACH_SEND_TIMED_OUT), and then they have the message still.
 */
export default scenario('a full queue, and what a sender does then', {
  source: 'the textbook on Mach: the sender may wait indefinitely, wait at most n ms, or not wait at all',
  about:
    'A queue of two, three messages, a receiver that comes when it comes: what is sent arrives, what is not is known.',
  params: {
    choice: {
      default: 'wait',
      oneOf: ['wait', 'at most 10 ms', "don't wait"],
      about: 'what the sender does when the queue is full',
    },
    limit: { default: 2, min: 1, max: 16, about: 'how many messages the queue holds' },
    messages: { default: 3, min: 1, max: 6, about: 'how many are sent' },
  },
  ghost: () => ({ got: [] as number[], refused: [] as number[], done: false }),
  *setup() {
    yield* bootstrap_create_service('log')
    yield* bootstrap_create_service('start')
  },
  programs: {
    *sender({ params, ghost }) {
      const log = yield* bootstrap_look_up('log')
      yield* mach_msg_receive(yield* bootstrap_check_in('start'))
      const patience = { wait: undefined, 'at most 10 ms': 10, "don't wait": 0 }[params.choice]
      for (let id = 1; id <= params.messages; id++) {
        const message = { msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), msgh_remote_port: log, msgh_id: id }
        try {
          yield* mach_msg_send(message, patience)
        } catch (error) {
          if (!(error instanceof MachError) || error.code !== 'MACH_SEND_TIMED_OUT') throw error
          ghost.refused.push(id)
        }
      }
    },
    *receiver({ params, ghost }) {
      const log = yield* bootstrap_check_in('log')
      yield* mach_port_set_qlimit(mach_task_self(), log, params.limit)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: yield* bootstrap_look_up('start'),
      })
      while (ghost.got.length + ghost.refused.length < params.messages)
        ghost.got.push((yield* mach_msg_receive(log)).msgh_id)
    },
  },
  atEnd: {
    'every message has arrived or been refused': ({ params, ghost }) =>
      [...ghost.got, ...ghost.refused].length === params.messages,
    'who waits loses nothing': ({ params, ghost }) => params.choice !== 'wait' || ghost.refused.length === 0,
  },
  expect: 'proved',
})
