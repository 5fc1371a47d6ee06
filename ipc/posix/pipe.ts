import {
  type Call,
  type Counted,
  CREDENTIALS,
  call,
  closeDescriptor,
  create,
  defineCall,
  defineKind,
  done,
  fail,
  type GiveUpReason,
  gone,
  type Id,
  install,
  type Kernel,
  type Outcome,
  PAGE_SIZE,
  peek,
  type Ref,
  raise,
  reads,
  readsProcess,
  release,
  retain,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import { canRead, canWrite, createInode, describe, type File, type Opened } from './file.ts'
import { O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY, POLLERR, POLLHUP, POLLIN, POLLOUT } from './flags.ts'
import { whoHas } from './holders.ts'
import { defineOperations } from './operations.ts'
import { bytesIn, isEmpty, isFull, mergeable, put, type Slots, take } from './pipe-slots.ts'
import { flagsOf, isNonblocking } from './status.ts'
import { isFresh, waitOn, wakeEach, wakeNext } from './waiting.ts'

/** Pipes: pipe(7). A FIFO is one, too, once somebody opens it: fifo.ts. */

/** It lives while an end of it is open, or being opened; then what is in it is gone. */
export interface Pipe extends Counted, Slots {
  readonly kind: 'pipe'
  /** As a reader would call it. */
  name: string
  /** It has a name in the file system, so that anybody may come to open it. */
  readonly fifo: boolean
  /** Ends that are open, and those that wait in open(2). */
  readers: number
  writers: number
  /** How often an end has been opened. */
  readersOpened: number
  writersOpened: number
}

/** Independent parts of a pipe: what is in it, and its ends. */
const CONTENTS = 0
export const ENDS = 1

export interface OpenPipe extends Opened {
  readonly kind: 'open pipe'
  readonly pipe: Ref<Pipe>
  /** Opened for reading without waiting, when so many writers had been: until the next comes POLLHUP says nothing. */
  readonly openedBefore: number | null
}

export const isOpenPipe = (open: Opened): open is OpenPipe => open.kind === 'open pipe'

const CAPACITY = 16 * PAGE_SIZE
const CAPACITY_MAX = 2 ** 20

/** The queues of those who wait to read, and to write. */
const readable = (pipe: Id): Id => `${pipe}/readable`
const writable = (pipe: Id): Id => `${pipe}/writable`

/** A pipe is named after its file, which has one at most. */
export const pipeOf = (file: Ref<File>): Ref<Pipe> => `${file}/pipe`

export function createPipe(kernel: Kernel, file: Ref<File>, name: string, fifo: boolean): Ref<Pipe> {
  return install<Pipe>(kernel, {
    id: pipeOf(file),
    kind: 'pipe',
    refs: 0,
    name,
    fifo,
    slots: [],
    capacity: CAPACITY,
    readers: 0,
    writers: 0,
    readersOpened: 0,
    writersOpened: 0,
  })
}

/** Opens a pipe whose end has been counted; `null` when there is no descriptor left (EMFILE): then it is not open. */
export function openPipe(
  kernel: Kernel,
  opener: Thread,
  file: Ref<File>,
  flags: number,
  before: number | null = null,
): number | null {
  const pipe = pipeOf(file)
  retain(kernel, file)
  retain(kernel, pipe)
  const open = create<OpenPipe>(kernel, opener, (id) => {
    return { id, kind: 'open pipe', refs: 0, flags, file, pipe, openedBefore: before }
  })
  return describe(kernel, opener, open)
}

defineKind<Pipe>('pipe', { free: (kernel, { id }) => kernel.traffic?.drops(id) })

defineKind<OpenPipe>('open pipe', {
  free(kernel, open) {
    leave(kernel, open.pipe, canRead(open), canWrite(open))
    release(kernel, open.pipe)
    release(kernel, open.file)
  },
})

/** An end is closed, or no longer being opened. With the last of its kind all who wait at the other are told. */
export function leave(kernel: Kernel, ref: Ref<Pipe>, reader: boolean, writer: boolean): void {
  const pipe = writes(kernel, ref, ENDS)
  if (reader) pipe.readers -= 1
  if (writer) pipe.writers -= 1
  if ((pipe.readers === 0) === (pipe.writers === 0)) return
  wakeEach(kernel, readable(ref))
  wakeEach(kernel, writable(ref))
}

const subject = (kernel: Kernel, { pipe }: OpenPipe): string => peek(kernel, pipe).name

/** Those with the other end must act. Nobody else can come by one, but to a FIFO. */
const blockers = (kernel: Kernel, { pipe }: OpenPipe, isOther: (open: Opened) => boolean): readonly Id[] | null =>
  peek(kernel, pipe).fifo ? null : whoHas(kernel, pipe, isOther)

defineOperations<OpenPipe>('open pipe', {
  read: {
    mayProceed(kernel, _thread, open, count) {
      const { pipe } = open
      return (
        count === 0 ||
        !isEmpty(reads(kernel, pipe, CONTENTS)) ||
        reads(kernel, pipe, ENDS).writers === 0 ||
        isNonblocking(kernel, open)
      )
    },
    attempt(kernel, thread, open, count) {
      if (count === 0) return done(kernel, '')
      if (isEmpty(reads(kernel, open.pipe, CONTENTS))) {
        if (reads(kernel, open.pipe, ENDS).writers === 0) return done(kernel, '')
        if (isNonblocking(kernel, open)) return fail(kernel, 'EAGAIN')
        return waitOn(kernel, thread, readable(open.pipe))
      }
      const pipe = writes(kernel, open.pipe, CONTENTS)
      const wasFull = isFull(pipe)
      const bytes = take(pipe, count)
      kernel.traffic?.drains(pipe.id, bytesIn(pipe))
      if (wasFull && !isFull(pipe)) wakeNext(kernel, writable(pipe.id))
      if (thread.call?.slept === true) passOnReading(kernel, pipe)
      return done(kernel, bytes)
    },
    giveUp(kernel, thread, open, _count, reason) {
      if (isLost(thread, reason)) passOnReading(kernel, peek(kernel, open.pipe))
      return fail(kernel, 'EINTR')
    },
    subject,
    blockers: (kernel, open) => blockers(kernel, open, canWrite),
  },
  write: {
    mayProceed(kernel, thread, open, data) {
      const pipe = reads(kernel, open.pipe, CONTENTS)
      return (
        data === '' ||
        !isFull(pipe) ||
        (isFresh(thread) && mergeable(pipe, data.length) > 0) ||
        reads(kernel, open.pipe, ENDS).readers === 0 ||
        isNonblocking(kernel, open)
      )
    },
    attempt: writeTo,
    giveUp(kernel, thread, open, _data, reason) {
      if (isLost(thread, reason)) passOnWriting(kernel, peek(kernel, open.pipe))
      const written = thread.call?.progress ?? 0
      if (written > 0) return done(kernel, written)
      // It looks before the signal whether it may wait, as it may not have been when it began to.
      return fail(kernel, isNonblocking(kernel, open) ? 'EAGAIN' : 'EINTR')
    },
    subject,
    blockers: (kernel, open) => blockers(kernel, open, canRead),
  },
  poll(kernel, open) {
    const pipe = reads(kernel, open.pipe, CONTENTS)
    const { readers, writers, writersOpened } = reads(kernel, open.pipe, ENDS)
    let flags = 0
    if (canRead(open)) {
      if (!isEmpty(pipe)) flags |= POLLIN
      if (writers === 0 && writersOpened !== open.openedBefore) flags |= POLLHUP
    }
    if (canWrite(open)) {
      if (!isFull(pipe)) flags |= POLLOUT
      if (readers === 0) flags |= POLLERR
    }
    return flags
  },
  unread: (kernel, { pipe }) => bytesIn(reads(kernel, pipe, CONTENTS)),
})

/** Writes what there is room for, and waits for more. Up to PIPE_BUF bytes need one page at most, so they go in one piece. */
function writeTo(kernel: Kernel, thread: Thread, open: OpenPipe, data: string): Outcome {
  const { call } = thread
  if (data === '' || call === null) return done(kernel, 0)
  if (reads(kernel, open.pipe, ENDS).readers === 0) return broken(kernel, thread, call.progress)
  const before = reads(kernel, open.pipe, CONTENTS)
  const merge = isFresh(thread) ? mergeable(before, data.length) : 0
  if (merge > 0 || !isFull(before)) {
    const pipe = writes(kernel, open.pipe, CONTENTS)
    const wasEmpty = isEmpty(pipe)
    const packet = (flagsOf(kernel, open) & O_DIRECT) !== 0
    const written = put(pipe, data.slice(call.progress), merge, packet)
    call.progress += written
    kernel.traffic?.flows(pipe.id, written, pipe.name)
    if (wasEmpty) wakeNext(kernel, readable(pipe.id))
    if (call.slept) passOnWriting(kernel, pipe)
  }
  if (call.progress === data.length) return done(kernel, call.progress)
  if (!isNonblocking(kernel, open)) return waitOn(kernel, thread, writable(open.pipe))
  return call.progress > 0 ? done(kernel, call.progress) : fail(kernel, 'EAGAIN')
}

/** There are no readers: SIGPIPE, and if the writer lives EPIPE, or how much was written before. */
function broken(kernel: Kernel, thread: Thread, written: number): Outcome {
  if (!raise(kernel, thread, 'SIGPIPE')) return gone()
  return written > 0 ? done(kernel, written) : fail(kernel, 'EPIPE')
}

/** Whether somebody who was woken for something dies before having looked: then it is for the next. */
export const isLost = ({ call }: Thread, reason: GiveUpReason): boolean =>
  reason === 'killed' && call !== null && call.woken

function passOnReading(kernel: Kernel, pipe: Pipe): void {
  if (!isEmpty(pipe)) wakeNext(kernel, readable(pipe.id))
}

function passOnWriting(kernel: Kernel, pipe: Pipe): void {
  if (!isFull(pipe)) wakeNext(kernel, writable(pipe.id))
}

/** F_SETPIPE_SZ: the new capacity, or an errno. */
export function resizePipe(kernel: Kernel, thread: Thread, ref: Ref<Pipe>, wish: number): number | string {
  if (wish < 0 || wish > 2 ** 31) return 'EINVAL'
  const capacity = Math.max(PAGE_SIZE, 2 ** Math.ceil(Math.log2(wish)))
  const { slots, capacity: old } = reads(kernel, ref, CONTENTS)
  const isRoot = readsProcess(kernel, thread.process, CREDENTIALS).uid === 0
  if (capacity > old && capacity > CAPACITY_MAX && !isRoot) return 'EPERM'
  if (slots.length * PAGE_SIZE > capacity) return 'EBUSY'
  const pipe = writes(kernel, ref, CONTENTS)
  pipe.capacity = capacity
  passOnWriting(kernel, pipe)
  return capacity
}

export type Pair = readonly [number, number]

const pipeDef = defineCall<{ readonly flags: number }, Pair>({
  name: 'pipe',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { flags }) {
        if ((flags & ~(O_NONBLOCK | O_CLOEXEC | O_DIRECT)) !== 0) return fail(kernel, 'EINVAL')
        const file = createInode(kernel, thread, 'fifo', 0o600)
        const pipe = writes(kernel, createPipe(kernel, file, '', false), ENDS)
        pipe.readers = 1
        pipe.writers = 1
        pipe.readersOpened = 1
        pipe.writersOpened = 1
        retain(kernel, file)
        retain(kernel, pipe.id)
        const reading = openPipe(kernel, thread, file, flags | O_RDONLY)
        const writing = reading === null ? null : openPipe(kernel, thread, file, flags | O_WRONLY)
        if (reading !== null && writing === null) closeDescriptor(kernel, thread, reading)
        pipe.name = `pipe ${reading}→${writing}${thread.process === 'init' ? '' : ` of ${thread.process}`}`
        release(kernel, pipe.id)
        release(kernel, file)
        return reading === null || writing === null ? fail(kernel, 'EMFILE') : done(kernel, [reading, writing])
      },
    },
  ],
})

/**
 * Makes a pipe; returns its read end and its write end. It holds 65,536 bytes, in 16 pages: see pipe-slots.ts.
 * @param flags O_NONBLOCK; O_DIRECT: each write is a packet
 * @throws PosixError EINVAL, EMFILE. pipe2(2)
 */
export const pipe = (flags = 0): Call<Pair> => call(pipeDef, { flags: integer(flags) })
