import {
  type Args,
  type Call,
  CREDENTIALS,
  call,
  defineCall,
  done,
  exists,
  fail,
  type Id,
  type Kernel,
  type Outcome,
  pin,
  pinned,
  READ,
  type Ref,
  reads,
  readsProcess,
  SEQ_CST,
  type Stage,
  type Thread,
  writes,
} from '../../kernel/index.ts'
import { integer, posixError, text } from './args.ts'
import { createNamed, type File, lookup } from './file.ts'
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from './flags.ts'
import { mayMakeIn, resolve } from './path.ts'
import { createPipe, ENDS, leave, openPipe, type Pipe, pipeOf } from './pipe.ts'
import { waitOn, wakeEach } from './waiting.ts'

/** FIFOs: fifo(7). A pipe with a name; open(2) at one end waits until the other is open. */

/** The queue of those who wait in open(2). */
const opening = (pipe: Id): Id => `${pipe}/opening`

/** In open(2), the end has been counted and waits for the other. */
export const MEETING = 1

/** The pipe of a FIFO that is being opened: the one that there is, or a new one. */
function pipeFor(kernel: Kernel, thread: Thread, file: Ref<File>, path: string): Ref<Pipe> {
  const pipe = pipeOf(file)
  kernel.footprint.add(pipe, 0, READ, SEQ_CST)
  if (!exists(kernel, pipe)) createPipe(kernel, file, path, true)
  pin(kernel, thread, pipe)
  pin(kernel, thread, file)
  return pipe
}

/**
 * Opens a FIFO. The end counts from now on, also while it waits: so those who wait for each other meet, and a writer
 * that does not wait finds a reader.
 */
export function openFifo(kernel: Kernel, thread: Thread, file: Ref<File>, path: string, oflag: number): Outcome {
  const mode = oflag & O_ACCMODE
  if (mode !== O_RDONLY && mode !== O_WRONLY && mode !== O_RDWR) return fail(kernel, 'EINVAL')
  const waits = (oflag & O_NONBLOCK) === 0
  const ref = pipeFor(kernel, thread, file, path)
  const { readers } = reads(kernel, ref, ENDS)
  if (mode === O_WRONLY && !waits && readers === 0) return fail(kernel, 'ENXIO')
  const pipe = writes(kernel, ref, ENDS)
  if (mode !== O_WRONLY) {
    pipe.readers += 1
    pipe.readersOpened += 1
  }
  if (mode !== O_RDONLY) {
    pipe.writers += 1
    pipe.writersOpened += 1
  }
  wakeEach(kernel, opening(ref))
  if (mode === O_RDONLY && pipe.writers === 0) {
    if (!waits) return opened(kernel, thread, file, oflag, pipe.writersOpened)
    return meet(kernel, thread, ref, pipe.writersOpened)
  }
  if (mode === O_WRONLY && pipe.readers === 0) return meet(kernel, thread, ref, pipe.readersOpened)
  return opened(kernel, thread, file, oflag)
}

/** Waits until the other end has been opened once more, even if it is closed again by then. */
function meet(kernel: Kernel, thread: Thread, pipe: Ref<Pipe>, seen: number): Outcome {
  if (thread.call !== null) thread.call.saved = seen
  kernel.stage = MEETING
  return waitOn(kernel, thread, opening(pipe))
}

function opened(kernel: Kernel, thread: Thread, file: Ref<File>, oflag: number, before: number | null = null): Outcome {
  const fd = openPipe(kernel, thread, file, oflag, before)
  return fd === null ? fail(kernel, 'EMFILE') : done(kernel, fd)
}

interface Opening extends Args {
  readonly oflag: number
}

const pinnedPipe = (thread: Thread): Ref<Pipe> => pinned(thread)[0] as Ref<Pipe> // `pipeFor` pinned it first
const pinnedFile = (thread: Thread): Ref<File> => pinned(thread)[1] as Ref<File> // and then that

function hasMet(kernel: Kernel, thread: Thread, oflag: number): boolean {
  const { readersOpened, writersOpened } = reads(kernel, pinnedPipe(thread), ENDS)
  return thread.call?.saved !== ((oflag & O_ACCMODE) === O_RDONLY ? writersOpened : readersOpened)
}

/** The stage of open(2) in which it waits for the other end. */
export const meeting: Stage<Opening> = {
  canProceed: (kernel, thread, { oflag }) => hasMet(kernel, thread, oflag),
  attempt(kernel, thread, { oflag }) {
    if (!hasMet(kernel, thread, oflag)) return waitOn(kernel, thread, opening(pinnedPipe(thread)))
    return opened(kernel, thread, pinnedFile(thread), oflag)
  },
}

/** The wait for the other end is over without it: the end no longer counts. */
export function stopMeeting(kernel: Kernel, thread: Thread, oflag: number): void {
  const reader = (oflag & O_ACCMODE) === O_RDONLY
  leave(kernel, pinnedPipe(thread), reader, !reader)
}

interface MkfifoArgs extends Args {
  readonly path: string
  readonly mode: number
}

const mkfifoDef = defineCall<MkfifoArgs, void>({
  name: 'mkfifo',
  error: posixError,
  stages: [
    {
      attempt(kernel, thread, { path, mode }) {
        const made = makeName(kernel, thread, path, 'fifo', mode)
        return 'error' in made ? fail(kernel, made.error) : done(kernel)
      },
    },
  ],
})

/** Makes a file with a new name: mknod(2). */
export function makeName(
  kernel: Kernel,
  thread: Thread,
  path: string,
  type: File['type'],
  mode: number,
): { readonly file: Ref<File>; readonly name: Id } | { readonly error: string } {
  const at = resolve(kernel, path)
  if (typeof at === 'string') return { error: at }
  if (at.name === null || lookup(kernel, at.name) !== null) return { error: 'EEXIST' }
  const { uid } = readsProcess(kernel, thread.process, CREDENTIALS)
  if (!mayMakeIn(at.directory, uid)) return { error: 'EACCES' }
  return { file: createNamed(kernel, thread, at.name, type, mode), name: at.name }
}

/**
 * Makes a FIFO.
 * @param mode permission bits, cut by the umask
 * @throws PosixError EEXIST, ENOENT, ENOTDIR, ENAMETOOLONG, EACCES. mkfifo(3)
 */
export const mkfifo = (path: string, mode: number): Call<void> =>
  call(mkfifoDef, { path: text(path), mode: integer(mode) })
