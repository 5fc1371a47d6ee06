import {
  type Args,
  type Call,
  call,
  defineCall,
  done,
  fail,
  type GiveUpReason,
  gone,
  type Kernel,
  type Outcome,
  peek,
  pin,
  pinned,
  reads,
  sleepOn,
  type Thread,
  unpin,
  type Waits,
} from '../../kernel/index.ts'
import { bytes, integer, posixError } from './args.ts'
import { MQ_PRIO_MAX, O_ACCMODE, O_RDONLY, O_RDWR, O_WRONLY } from './flags.ts'
import { type OpenQueue, openQueueAt } from './mq.ts'
import { hasMessage, hasRoom, type Message, put, receiversOf, sendersOf, take } from './mq-queue.ts'
import { isNonblocking } from './status.ts'
import { asNs, type Limit, limit, NS_PER_S, type Timespec } from './time.ts'

/**
 * Messages into queues and out of them: mq_send(3), mq_receive(3). Who comes first waits first, whatever the priority of
 * the message: on Linux, and in POSIX with priority scheduling among equals.
 */

interface SendArgs extends Args {
  readonly mqdes: number
  readonly data: string | null
  readonly prio: number
  /** `null`: for ever. */
  readonly abs_timeout: Limit | null
}

interface ReceiveArgs extends Args {
  readonly mqdes: number
  readonly length: number
  readonly abs_timeout: Limit | null
}

/** The kernel looks at the time before anything else. */
const isRefused = (time: Limit | null): boolean =>
  time !== null && (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= NS_PER_S)

/** The queue to send to, or the errno. */
function target(kernel: Kernel, thread: Thread, args: SendArgs): OpenQueue | string {
  const { mqdes, data, prio, abs_timeout } = args
  if (isRefused(abs_timeout) || prio < 0 || prio >= MQ_PRIO_MAX) return 'EINVAL'
  const open = openQueueAt(kernel, thread, mqdes)
  const access = (open?.flags ?? 0) & O_ACCMODE
  if (open === null || (access !== O_WRONLY && access !== O_RDWR)) return 'EBADF'
  if (data === null) return 'EFAULT'
  return data.length > reads(kernel, open.file).msgsize ? 'EMSGSIZE' : open
}

/** The queue to receive from, or the errno. */
function source(kernel: Kernel, thread: Thread, { mqdes, length, abs_timeout }: ReceiveArgs): OpenQueue | string {
  if (isRefused(abs_timeout)) return 'EINVAL'
  const open = openQueueAt(kernel, thread, mqdes)
  const access = (open?.flags ?? 0) & O_ACCMODE
  if (open === null || (access !== O_RDONLY && access !== O_RDWR)) return 'EBADF'
  // A negative length is a huge one to C.
  return length >= 0 && length < reads(kernel, open.file).msgsize ? 'EMSGSIZE' : open
}

/** Closing its descriptor does not end the wait. */
function wait(kernel: Kernel, thread: Thread, open: OpenQueue, queue: string): Outcome {
  unpin(kernel, thread) // a call that is restarted has pinned it before
  pin(kernel, thread, open.id)
  return sleepOn(kernel, thread, queue)
}

const sendStage = {
  attempt(kernel: Kernel, thread: Thread, args: SendArgs): Outcome {
    const open = target(kernel, thread, args)
    if (typeof open === 'string') return fail(kernel, open)
    if (!hasRoom(reads(kernel, open.file))) {
      return isNonblocking(kernel, open) ? fail(kernel, 'EAGAIN') : wait(kernel, thread, open, sendersOf(open.file))
    }
    put(kernel, open.file, { data: args.data ?? '', prio: args.prio })
    return thread.status === 'exited' ? gone() : done(kernel) // the notification was for itself, and deadly
  },
}

const receiveStage = {
  attempt(kernel: Kernel, thread: Thread, args: ReceiveArgs): Outcome {
    const open = source(kernel, thread, args)
    if (typeof open === 'string') return fail(kernel, open)
    if (!hasMessage(reads(kernel, open.file))) {
      return isNonblocking(kernel, open) ? fail(kernel, 'EAGAIN') : wait(kernel, thread, open, receiversOf(open.file))
    }
    return done(kernel, take(kernel, open.file))
  },
}

/** As a reader would name it. */
function subject(kernel: Kernel, thread: Thread, { mqdes }: { readonly mqdes: number }): string {
  const [waitedFor] = pinned(thread) // its descriptor may be closed by now
  const open = waitedFor === undefined ? openQueueAt(kernel, thread, mqdes) : peek<OpenQueue>(kernel, waitedFor)
  return open === null ? `queue ${mqdes}` : `queue ${peek(kernel, open.file).name}`
}

const about = {
  error: posixError,
  restarts: true,
  interruptible: true,
  giveUp: (kernel: Kernel, _thread: Thread, _args: Args, reason: GiveUpReason): Outcome =>
    fail(kernel, reason === 'timeout' ? 'ETIMEDOUT' : 'EINTR'),
  waitsFor: (kernel: Kernel, thread: Thread, args: { readonly mqdes: number }): Waits => ({
    object: subject(kernel, thread, args),
  }),
  subject,
}

const until = (_kernel: Kernel, _thread: Thread, { abs_timeout }: { readonly abs_timeout: Limit | null }) =>
  abs_timeout === null ? null : asNs(abs_timeout)

const sends = {
  does: 'gives',
  stages: [sendStage],
  copies: ({ data }: SendArgs): number => data?.length ?? 0,
} as const
const receives = {
  does: 'takes',
  stages: [receiveStage],
  copies: (_args: ReceiveArgs, message: unknown): number => (message as Message).data.length, // what such a call returns
} as const

const sendDef = defineCall<SendArgs, void>({ name: 'mq_send', ...sends, ...about })

const timedsendDef = defineCall<SendArgs, void>({
  name: 'mq_timedsend',
  ...sends,
  deadline: until,
  ...about,
})

const receiveDef = defineCall<ReceiveArgs, Message>({
  name: 'mq_receive',
  ...receives,
  ...about,
})

const timedreceiveDef = defineCall<ReceiveArgs, Message>({
  name: 'mq_timedreceive',
  ...receives,
  deadline: until,
  ...about,
})

/**
 * Sends a message, waiting while the queue is full. It goes before all of lower priority.
 * @param msg a string with one character a byte; one with other characters, as any bad buffer, is EFAULT
 * @param prio below MQ_PRIO_MAX
 * @throws PosixError EAGAIN (full, and O_NONBLOCK), EMSGSIZE (longer than `mq_msgsize`), EINVAL (the priority), EBADF (not
 *   open for writing), EFAULT, EINTR (a handler without SA_RESTART ran). mq_send(3)
 */
export const mq_send = (mqdes: number, msg: string, prio = 0): Call<void> =>
  call(sendDef, { mqdes: integer(mqdes), data: bytes(msg), prio: integer(prio), abs_timeout: null })

/**
 * As `mq_send`, until an absolute time. A time that is past matters only if the call would wait, a malformed one is
 * refused in any case.
 * @param abs_timeout on CLOCK_REALTIME
 * @throws PosixError ETIMEDOUT, and as `mq_send`. mq_timedsend(3)
 */
export const mq_timedsend = (mqdes: number, msg: string, prio: number, abs_timeout: Timespec): Call<void> =>
  call(timedsendDef, {
    mqdes: integer(mqdes),
    data: bytes(msg),
    prio: integer(prio),
    abs_timeout: limit(abs_timeout),
  })

/**
 * Receives the oldest message of the highest priority, waiting while there is none.
 * @param length of the buffer: at least `mq_msgsize`, however short the messages are
 * @throws PosixError EAGAIN (empty, and O_NONBLOCK), EMSGSIZE (the buffer), EBADF (not open for reading), EINTR (a handler
 *   without SA_RESTART ran). mq_receive(3)
 */
export const mq_receive = (mqdes: number, length: number): Call<Message> =>
  call(receiveDef, { mqdes: integer(mqdes), length: integer(length), abs_timeout: null })

/** As `mq_receive`, until an absolute time: see `mq_timedsend`. @throws PosixError ETIMEDOUT, and as `mq_receive`. mq_timedreceive(3) */
export const mq_timedreceive = (mqdes: number, length: number, abs_timeout: Timespec): Call<Message> =>
  call(timedreceiveDef, { mqdes: integer(mqdes), length: integer(length), abs_timeout: limit(abs_timeout) })
