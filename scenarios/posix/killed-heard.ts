import { CallError, type Program, scenario, sigaction } from 'ipclab'
import {
  AF_UNIX,
  close,
  F_SETPIPE_SZ,
  fcntl,
  PIPE_BUF,
  pipe,
  read,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socketpair,
  write,
} from 'ipclab/posix'

/**
 * Sender and receiver have an end each of a pipe or of a pair of sockets, and either may be killed at any of its calls,
 * also while it waits. The kernel closes what the dead one had open. Whoever is left hears of it: the receiver by the
 * end of file, once it has read what is there; the sender, also one that waits for room, by EPIPE (and SIGPIPE, which is
 * ignored here), on a socket by ECONNRESET, if something was sent that nobody has read.
 *
 * All hangs on who has which end open. With `keep` each keeps the other's end, too, as forked processes do that forget
 * to close it; then nobody's end is the last of its kind, and the other waits for ever: with itself.
 */
export default scenario('a process is killed, and the other hears of it', {
  source: 'pipe(7), unix(7), exit(3); unix.close_with_unread and pipe.eof, as recorded of Linux',
  about:
    'Under every schedule, with a kill at any call: the receiver comes to the end of file, the sender to EPIPE or ECONNRESET, and nobody waits for ever.',
  params: {
    by: { default: 'pipe', oneOf: ['pipe', 'stream', 'packets'], about: 'what they send through' },
    keep: { default: false, about: "let each keep the other's end open, too" },
  },
  faults: { kill: true },
  ghost: () => ({ sender: 'killed', receiver: 'killed', received: 0 }),
  *setup({ params: { by } }) {
    yield* sigaction('SIGPIPE', 'ignore')
    if (by !== 'pipe') return yield* socketpair(AF_UNIX, by === 'stream' ? SOCK_STREAM : SOCK_SEQPACKET)
    const ends = yield* pipe()
    yield* fcntl(ends[0], F_SETPIPE_SZ, PIPE_BUF) // one page, so that it is soon full
    return ends
  },
  programs: {
    *sender({ params: { by, keep }, shared: [theirs, mine], ghost }) {
      if (!keep) yield* close(theirs)
      ghost.sender = yield* sending(mine, 'x'.repeat(by === 'pipe' ? PIPE_BUF : 150_000))
    },
    *receiver({ params: { keep }, shared: [mine, theirs], ghost }) {
      if (!keep) yield* close(theirs)
      for (let bytes = yield* read(mine, 150_000); bytes !== ''; bytes = yield* read(mine, 150_000)) ghost.received += 1
      ghost.receiver = 'end of file'
    },
  },
  atEnd: {
    'who was not killed has heard': ({ ghost }) => ghost.sender !== 'killed' || ghost.receiver === 'end of file',
  },
  sometimes: {
    'the end comes too soon': ({ ghost }) => ghost.receiver === 'end of file' && ghost.received < 2,
    'the sender hears of it': ({ ghost: { sender } }) => sender === 'EPIPE' || sender === 'ECONNRESET',
  },
  expect: 'proved',
})

/** Sends two messages that do not both find room; says what came of it. Who is told in the middle has written a part. */
function* sending(fd: number, message: string): Program<string> {
  try {
    for (let sent = 0; sent < 2 * message.length; ) sent += yield* write(fd, message)
    return 'all sent'
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    return error.code
  }
}
