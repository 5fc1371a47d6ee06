import { fail, reads } from '../../kernel/index.ts'
import { POLLIN, POLLOUT } from './flags.ts'
import type { OpenQueue } from './mq.ts'
import { hasMessage, hasRoom } from './mq-queue.ts'
import { defineOperations } from './operations.ts'

/** What calls on descriptors do to message queues. Messages do not go through read(2) and write(2), and what Linux tells of the queue there is not modelled. */

defineOperations<OpenQueue>('open queue', {
  read: { attempt: (kernel) => fail(kernel, 'EINVAL') },
  write: { attempt: (kernel) => fail(kernel, 'EINVAL') },
  poll(kernel, { file }) {
    const queue = reads(kernel, file)
    return (hasMessage(queue) ? POLLIN : 0) | (hasRoom(queue) ? POLLOUT : 0)
  },
  unread: () => 'ENOTTY',
})
