import { done, fail, type Kernel, type Ref, reads, type Signal, writes } from '../../kernel/index.ts'
import { sizeOf } from './file.ts'
import { POLLIN, POLLOUT, SIGEV_NONE, SIGEV_SIGNAL } from './flags.ts'
import type { OpenQueue } from './mq.ts'
import { hasMessage, hasRoom, type MessageQueue } from './mq-queue.ts'
import { defineOperations } from './operations.ts'

/** What calls on descriptors do to message queues. Messages do not go through read(2) and write(2): reading tells of the queue. */

defineOperations<OpenQueue>('open queue', {
  read: {
    attempt(kernel, _thread, open, count) {
      const description = writes(kernel, open.id as Ref<OpenQueue>)
      const text = status(kernel, reads(kernel, open.file))
      const bytes = text.slice(description.position, description.position + count)
      description.position += bytes.length
      return done(kernel, bytes)
    },
  },
  write: { attempt: (kernel) => fail(kernel, 'EINVAL') },
  poll(kernel, { file }) {
    const queue = reads(kernel, file)
    return (hasMessage(queue) ? POLLIN : 0) | (hasRoom(queue) ? POLLOUT : 0)
  },
  // By its size, as of any regular file, and not by its text.
  unread: (kernel, open) => (sizeOf(kernel, open.file) ?? 0) - reads(kernel, open.id as Ref<OpenQueue>).position,
})

const NUMBERS: { readonly [signal in Signal]: number } = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCHLD: 17,
}

/** All bytes in the queue, and who is to be told of the next message: mq_overview(7). */
function status(kernel: Kernel, { messages, notification }: MessageQueue): string {
  const bytes = messages.reduce((sum, { data }) => sum + data.length, 0)
  const signal = notification?.signal ?? null
  const notify = notification === null || signal !== null ? SIGEV_SIGNAL : SIGEV_NONE
  const pid = notification === null ? 0 : (kernel.state.processes[notification.process]?.pid ?? 0)
  const fields: readonly (readonly [name: string, value: number, width: number])[] = [
    ['QSIZE', bytes, 10],
    ['NOTIFY', notify, 5],
    ['SIGNO', signal === null ? 0 : NUMBERS[signal], 5],
    ['NOTIFY_PID', pid, 6],
  ]
  return `${fields.map(([name, value, width]) => `${name}:${String(value).padEnd(width)}`).join(' ')}\n`
}
