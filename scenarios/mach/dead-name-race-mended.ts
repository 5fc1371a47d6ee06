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
  mach_task_self,
  portsOf,
} from 'ipclab/mach'

/** The client of `dead-name-race` asks with `sync` 1: to be told at once, should the server be dead already. */
export default scenario('word of a death, however early', {
  source: 'K. Loepere (ed.): Mach 3 Kernel Interfaces, mach_port_request_notification, on sync',
  about: 'Who asks to be told of a death that has been is told at once.',
  ghost: () => ({ told: false }),
  *setup() {
    yield* bootstrap_create_service('client')
  },
  programs: {
    *server() {
      const port = yield* mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: yield* bootstrap_look_up('client'),
        body: [{ disposition: MACH_MSG_TYPE_MAKE_SEND, ports: [port] }],
      })
      // And now it crashes, and its port with it.
    },
    *client({ ghost }) {
      const self = mach_task_self()
      const mine = yield* bootstrap_check_in('client')
      const [server = 0] = portsOf(yield* mach_msg_receive(mine))
      if (server === MACH_PORT_DEAD) {
        ghost.told = true // it died before its right arrived
        return
      }
      const sync = 1
      yield* mach_port_request_notification(
        self,
        server,
        MACH_NOTIFY_DEAD_NAME,
        sync,
        mine,
        MACH_MSG_TYPE_MAKE_SEND_ONCE,
      )
      ghost.told = (yield* mach_msg_receive(mine)).msgh_id === MACH_NOTIFY_DEAD_NAME
    },
  },
  atEnd: {
    'the client is told': ({ ghost: { told } }) => told,
  },
  expect: 'proved',
})
