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

/**
 * A client waits on one port both for work and for word that the server which gives it has died. It asks for that word
 * with `sync` 0: tell me when it dies. Should the server be dead already when it asks, the call fails
 * (KERN_INVALID_ARGUMENT: the name is dead), and a client that did not expect that is lost. `sync` 1 asks to be told at
 * once in that case: `dead-name-race-mended`.
 */
export default scenario('word of a death, asked for too late', {
  source: 'K. Loepere (ed.): Mach 3 Kernel Interfaces, mach_port_request_notification, on sync',
  about: 'Between getting a right and asking to be told of its death there is time to die.',
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
      const sync = 0
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
  expect: 'error: KERN_INVALID_ARGUMENT',
})
