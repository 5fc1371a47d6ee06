import {
  type Args,
  addDescriptor,
  type Call,
  CREDENTIALS,
  call,
  create,
  type Description,
  defineCall,
  defineKind,
  descriptionAt,
  done,
  fail,
  type Id,
  type Kernel,
  peek,
  type Ref,
  reads,
  readsProcess,
  release,
  retain,
  type Signal,
  signals,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { integer, posixError, text } from './args.ts'
import { close } from './descriptor.ts'
import { FIRST_DESCRIPTOR, giveName, isTooLong, lookup, mayOpen, unlinkName } from './file.ts'
import { O_ACCMODE, O_CREAT, O_EXCL, O_NONBLOCK, O_RDWR, O_WRONLY, SIGEV_NONE, SIGEV_SIGNAL } from './flags.ts'
import { createQueue, DEFAULT_MAXMSG, DEFAULT_MSGSIZE, type MessageQueue } from './mq-queue.ts'
import { FLAGS, flagsOf } from './status.ts'

/**
 * POSIX message queues, opened, closed and asked about: mq_overview(7). A queue descriptor is an ordinary one on Linux;
 * names live in a directory of their own that is open to everybody and sticky. What goes through a queue is in
 * mq-transfer.ts.
 */

const DIRECTORY = '/dev/mqueue/'
const PATH_MAX = 4096

/** The path of a queue's name, or the errno with which it is refused. */
function pathOf(name: string): { path: Id } | string {
  if (!name.startsWith('/')) return 'EINVAL'
  const base = name.slice(1)
  if (base === '') return 'ENOENT'
  if (base.length >= PATH_MAX) return 'ENAMETOOLONG'
  if (base.includes('/') || base === '.' || base === '..') return 'EACCES'
  return isTooLong(base) ? 'ENAMETOOLONG' : { path: DIRECTORY + base }
}

/** An open file description of a queue. */
export interface OpenQueue extends Description {
  readonly kind: 'open queue'
  readonly file: Ref<MessageQueue>
  /** Where the next read(2) begins, in the text that tells of the queue. */
  position: number
}

defineKind<OpenQueue>('open queue', {
  // Whoever closes any descriptor of a queue gives up its notification.
  flush(kernel, { file }, process) {
    if (peek(kernel, file).notification?.process === process) writes(kernel, file).notification = null
  },
  free: (kernel, { file }) => release(kernel, file),
})

/** The open queue behind a descriptor; `null` when there is none, or it is of something else (EBADF). */
export function openQueueAt(kernel: Kernel, thread: Thread, mqdes: number): OpenQueue | null {
  const ref = descriptionAt(kernel, thread, mqdes)
  const open = ref === null ? null : peek<Description>(kernel, ref)
  return open?.kind === 'open queue' ? (open as OpenQueue) : null // the kind says so
}

/** What a queue is made with. */
export interface MqCreate {
  /** How many messages it holds; 10 at most, unless the process is privileged. */
  readonly mq_maxmsg: number
  /** How many bytes a message has at most; 8192 at most, unless the process is privileged. */
  readonly mq_msgsize: number
}

interface OpenArgs extends Args {
  readonly name: string
  readonly oflag: number
  readonly mode: number
  readonly attr: { readonly mq_maxmsg: number; readonly mq_msgsize: number } | null
}

/** The queue of that name, or a new one. A string is the errno. */
function findOrCreate(kernel: Kernel, thread: Thread, args: OpenArgs): { queue: Ref<MessageQueue> } | string {
  const { name, oflag, mode, attr } = args
  const found = pathOf(name)
  if (typeof found === 'string') return found
  const { path } = found
  const queue = lookup(kernel, path) as Ref<MessageQueue> | null // nothing else has a name in that directory
  if (queue !== null) {
    if ((oflag & O_CREAT) !== 0 && (oflag & O_EXCL) !== 0) return 'EEXIST'
    if ((oflag & O_ACCMODE) === (O_RDWR | O_WRONLY)) return 'EINVAL'
    return mayOpen(kernel, thread, queue, oflag & O_ACCMODE) ? { queue } : 'EACCES'
  }
  if ((oflag & O_CREAT) === 0) return 'ENOENT'
  const { umask } = readsProcess(kernel, thread.process, CREDENTIALS)
  const { mq_maxmsg = DEFAULT_MAXMSG, mq_msgsize = DEFAULT_MSGSIZE } = attr ?? {}
  const created = createQueue(kernel, thread, name, mode & 0o7777 & ~umask, mq_maxmsg, mq_msgsize)
  if (typeof created !== 'string') giveName(kernel, path, created.queue)
  return created
}

const openDef = defineCall<OpenArgs, number>({
  name: 'mq_open',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, args) {
        const found = findOrCreate(kernel, thread, args)
        if (typeof found === 'string') return fail(kernel, found)
        const { queue: file } = found
        retain(kernel, file)
        const flags = args.oflag & (O_ACCMODE | O_NONBLOCK)
        const open = create<OpenQueue>(kernel, thread, (id) => ({
          id,
          kind: 'open queue',
          refs: 0,
          flags,
          file,
          position: 0,
        }))
        retain(kernel, open)
        const mqdes = addDescriptor(kernel, thread, open, FIRST_DESCRIPTOR)
        release(kernel, open)
        return mqdes === null ? fail(kernel, 'EMFILE') : done(kernel, mqdes)
      },
    },
  ],
})

/**
 * Opens the queue `name`, with O_CREAT making it if there is none; returns the lowest free descriptor. A queue stays
 * until it is unlinked and nobody has it open any more, with all that is in it.
 * @param name a slash and up to 255 more bytes, none of them a slash
 * @param oflag O_RDONLY, O_WRONLY or O_RDWR, with O_CREAT, O_EXCL, O_NONBLOCK
 * @param mode permission bits of a new queue, cut by the umask
 * @param attr of a new queue; `null`: 10 messages of up to 8192 bytes. Of one that exists it is not looked at
 * @throws PosixError EINVAL (no leading slash, the attributes), ENOENT, EACCES (another slash; not permitted),
 *   ENAMETOOLONG, EEXIST, EMFILE (no descriptor; all queues of the user would take more than 819,200 bytes), ENOSPC
 *   (256 queues). mq_open(3)
 */
export function mq_open(name: string, oflag: number, mode = 0, attr: MqCreate | null = null): Call<number> {
  const given: Partial<MqCreate> | null = attr === null || attr === undefined ? null : attr
  return call(openDef, {
    name: text(name),
    oflag: integer(oflag),
    mode: integer(mode),
    attr: given === null ? null : { mq_maxmsg: integer(given.mq_maxmsg), mq_msgsize: integer(given.mq_msgsize) },
  })
}

/** Closes a descriptor, as close(2), and gives up the caller's notification from that queue. @throws PosixError EBADF. mq_close(3) */
export const mq_close = (mqdes: number): Call<void> => close(mqdes)

const unlinkDef = defineCall<{ readonly name: string }, void>({
  name: 'mq_unlink',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { name }) {
        const found = pathOf(name)
        if (typeof found === 'string') return fail(kernel, found)
        const error = unlinkName(kernel, thread, found.path)
        if (error === null) return done(kernel)
        return fail(kernel, error === 'EPERM' ? 'EACCES' : error)
      },
    },
  ],
})

/**
 * Takes the name away at once; the queue lives on while it is open, and the name can be given to a new one.
 * @throws PosixError ENOENT, EACCES (another user's), EINVAL, ENAMETOOLONG. mq_unlink(3)
 */
export const mq_unlink = (name: string): Call<void> => call(unlinkDef, { name: text(name) })

export interface MqAttributes extends MqCreate {
  /** O_NONBLOCK, or 0: of the open file description, shared with what dup and fork make of it. */
  readonly mq_flags: number
  /** How many messages are in it. */
  readonly mq_curmsgs: number
}

interface AttrArgs extends Args {
  readonly mqdes: number
  /** `null`: they are only asked for. */
  readonly flags: number | null
}

const attributes = (flags: number, { maxmsg, msgsize, messages }: MessageQueue): MqAttributes => ({
  mq_flags: flags & O_NONBLOCK,
  mq_maxmsg: maxmsg,
  mq_msgsize: msgsize,
  mq_curmsgs: messages.length,
})

const attrDef = defineCall<AttrArgs, MqAttributes>({
  name: 'mq_setattr',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { mqdes, flags }) {
        if (flags !== null && (flags & ~O_NONBLOCK) !== 0) return fail(kernel, 'EINVAL')
        const open = openQueueAt(kernel, thread, mqdes)
        if (open === null) return fail(kernel, 'EBADF')
        const before = attributes(flagsOf(kernel, open), reads(kernel, open.file))
        if (flags !== null) {
          const description = writes(kernel, open.id as Ref<OpenQueue>, FLAGS)
          description.flags = (description.flags & ~O_NONBLOCK) | flags
        }
        return done(kernel, before)
      },
    },
  ],
})

/** @throws PosixError EBADF. mq_getattr(3) */
export const mq_getattr = (mqdes: number): Call<MqAttributes> => call(attrDef, { mqdes: integer(mqdes), flags: null })

/**
 * Sets O_NONBLOCK of the open file description, or takes it away, which does not disturb who waits; returns what was.
 * @throws PosixError EBADF, EINVAL (other flags). mq_setattr(3)
 */
export const mq_setattr = (mqdes: number, attr: Pick<MqAttributes, 'mq_flags'>): Call<MqAttributes> =>
  call(attrDef, { mqdes: integer(mqdes), flags: integer((attr as Partial<MqAttributes> | null)?.mq_flags) })

/** struct sigevent. */
export interface SignalEvent {
  /** SIGEV_SIGNAL; or SIGEV_NONE, which only keeps others from registering. */
  readonly sigev_notify: number
  readonly sigev_signo?: Signal
}

interface NotifyArgs extends Args {
  readonly mqdes: number
  /** `null`: no more. */
  readonly event: { readonly notify: number; readonly signal: string } | null
}

const notifyDef = defineCall<NotifyArgs, void>({
  name: 'mq_notify',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { mqdes, event }) {
        if (event !== null && event.notify !== SIGEV_NONE) {
          if (event.notify !== SIGEV_SIGNAL || !isSignal(event.signal)) return fail(kernel, 'EINVAL')
        }
        const open = openQueueAt(kernel, thread, mqdes)
        if (open === null) return fail(kernel, 'EBADF')
        const { process } = thread
        const { notification } = reads(kernel, open.file)
        if (event === null) {
          if (notification?.process === process) writes(kernel, open.file).notification = null
          return done(kernel)
        }
        if (notification !== null) return fail(kernel, 'EBUSY')
        const signal = event.notify === SIGEV_NONE || !isSignal(event.signal) ? null : event.signal
        writes(kernel, open.file).notification = { process, signal }
        return done(kernel)
      },
    },
  ],
})

const isSignal = (name: string): name is Signal => (signals as readonly string[]).includes(name)

/**
 * Asks for a signal when a message comes into the empty queue and nobody waits to receive it; once, and for one process
 * at a time. `null` takes the caller's own request back.
 * @throws PosixError EBADF, EBUSY (somebody is registered), EINVAL (no such event, no such signal). mq_notify(3)
 */
export function mq_notify(mqdes: number, sevp: SignalEvent | null): Call<void> {
  const given: Partial<SignalEvent> | null = sevp === null || sevp === undefined ? null : sevp
  const event = given === null ? null : { notify: integer(given.sigev_notify), signal: text(given.sigev_signo) }
  return call(notifyDef, { mqdes: integer(mqdes), event })
}
