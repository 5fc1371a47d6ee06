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
  MACH_NOTIFY_NO_SENDERS,
  MACH_PORT_NULL,
  MACH_PORT_RIGHT_RECEIVE,
  mach_msg_receive,
  mach_msg_rpc,
  mach_msg_send,
  mach_port_allocate,
  mach_port_deallocate,
  mach_port_request_notification,
  mach_task_self,
  portsOf,
} from 'ipclab/mach'

/** The client of `leaked-send-right` gives back each reference that it was given, and the server hears that it is alone. */
export default scenario('every reference given back', {
  source: 'K. Loepere (ed.): Mach 3 Kernel Principles, no-senders notification, and user references',
  about: 'A right that comes twice is dropped twice; then the last send right is gone, and the kernel says so.',
  *setup() {
    yield* bootstrap_create_service('objects')
    yield* bootstrap_create_service('freed')
  },
  programs: {
    *server() {
      const self = mach_task_self()
      const requests = yield* bootstrap_check_in('objects')
      const object = yield* mach_port_allocate(self, MACH_PORT_RIGHT_RECEIVE)
      yield* mach_port_request_notification(
        self,
        object,
        MACH_NOTIFY_NO_SENDERS,
        1,
        object,
        MACH_MSG_TYPE_MAKE_SEND_ONCE,
      )
      for (let served = 0; served < 2; served++) {
        const request = yield* mach_msg_receive(requests)
        yield* mach_msg_send({
          msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
          msgh_remote_port: request.msgh_remote_port,
          body: [{ disposition: MACH_MSG_TYPE_MAKE_SEND, ports: [object] }],
        })
      }
      yield* mach_msg_receive(object)
      yield* mach_msg_send({
        msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
        msgh_remote_port: yield* bootstrap_look_up('freed'),
      })
    },
    *client() {
      const self = mach_task_self()
      const objects = yield* bootstrap_look_up('objects')
      const reply = yield* mach_port_allocate(self, MACH_PORT_RIGHT_RECEIVE)
      let object = MACH_PORT_NULL
      for (let asked = 0; asked < 2; asked++) {
        const answer = yield* mach_msg_rpc(
          {
            msgh_bits: MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
            msgh_remote_port: objects,
            msgh_local_port: reply,
          },
          reply,
        )
        object = portsOf(answer)[0] ?? MACH_PORT_NULL
      }
      for (let got = 0; got < 2; got++) yield* mach_port_deallocate(self, object)
      yield* mach_msg_receive(yield* bootstrap_check_in('freed'))
    },
  },
  expect: 'proved',
})
