import { scenario } from 'ipclab'
import {
  bootstrap_check_in,
  bootstrap_create_service,
  bootstrap_look_up,
  MACH_MSG_TYPE_COPY_SEND,
  MACH_MSG_TYPE_MAKE_SEND,
  MACH_MSG_TYPE_MAKE_SEND_ONCE,
  MACH_MSGH_BITS,
  MACH_NOTIFY_DEAD_NAME,
  MACH_PORT_DEAD,
  MACH_PORT_RIGHT_RECEIVE,
  mach_msg_receive,
  mach_msg_send,
  mach_port_allocate,
  mach_port_request_notification,
  mach_port_set_qlimit,
  mach_task_self,
  portsOf,
} from 'ipclab/mach'

/** Messages of a client; notifications have ids of their own. */
const CHATTER = 1

/**
 * A queue that holds one message is full of chatter, and a peer dies. The kernel's notification goes into the full queue all
 * the same: it is sent to a send-once right, and messages to those are not counted. Were it held back, or dropped, as a
 * message of a task is, nobody could rely on being told. It still comes after what was queued before it.
 */
export default scenario('a notification gets into a full queue', {
  source: 'K. Loepere (ed.): Mach 3 Kernel Principles, queue limits and send-once rights',
  about: 'Word of a death arrives however full the queue is, and in its turn.',
  ghost: () => ({ got: [] as number[], deadBefore: false }),
  *setup() {
    yield* bootstrap_create_service('watcher')
    yield* bootstrap_create_service('introductions')
  },
  programs: {
    *watcher({ ghost }) {
      const self = mach_task_self()
      const mine = yield* bootstrap_check_in('watcher')
      yield* mach_port_set_qlimit(self, mine, 1)
      const [peer = MACH_PORT_DEAD] = portsOf(yield* mach_msg_receive(yield* bootstrap_check_in('introductions')))
      if (peer === MACH_PORT_DEAD) {
        ghost.deadBefore = true // it died before its right arrived
        ghost.got.push((yield* mach_msg_receive(mine)).msgh_id)
        return
      }
      yield* mach_port_request_notification(self, peer, MACH_NOTIFY_DEAD_NAME, 1, mine, MACH_MSG_TYPE_MAKE_SEND_ONCE)
      while (ghost.got.length < 2) ghost.got.push((yield* mach_msg_receive(mine)).msgh_id)
    },
    *chatterer() {
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: yield* bootstrap_look_up('watcher'),
        msgh_id: CHATTER,
      })
    },
    *peer() {
      const port = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: yield* bootstrap_look_up('introductions'),
        body: [{ disposition: MACH_MSG_TYPE_MAKE_SEND, ports: [port] }],
      })
    },
  },
  atEnd: {
    'the watcher is told': ({ ghost: { got, deadBefore } }) => deadBefore || got.includes(MACH_NOTIFY_DEAD_NAME),
  },
  sometimes: {
    'the notification comes behind chatter': ({ ghost: { got } }) => got[0] === CHATTER && got.length === 2,
  },
  expect: 'proved',
})
