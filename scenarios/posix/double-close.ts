import { CallError, type Program, scenario, thread_create, thread_join } from 'ipclab'
import { close, O_CREAT, O_WRONLY, open, pipe, write } from 'ipclab/posix'

/**
 * Two threads of a process both close a descriptor. The second close() fails with EBADF, and nobody looks. But in between
 * a third part of the program may have opened something: it gets the lowest free number, the very one, and the second
 * close() closes that. The third's write then fails, or goes to whoever opened next.
 *
 * With `once` the first thread is joined by the second, which does not close any more.
 */
export default scenario('double close', {
  source: 'close(2): the number may be reused at once, so closing it again in another thread is a race',
  about:
    'Two threads close one descriptor; the second hits a new file that got the same number. With once=true only one does.',
  params: {
    once: { default: false, about: 'let only one of them close it' },
  },
  programs: {
    *server({ params }) {
      const [reading] = yield* pipe()
      const closer = yield* thread_create(closing, reading)
      if (params.once) yield* thread_join(closer)
      else yield* closing(reading)
      const log = yield* open('log', O_CREAT | O_WRONLY, 0o600) // the lowest free number is the old one
      yield* write(log, 'a')
    },
  },
  expect: 'error: EBADF',
})

function* closing(fd: number): Program {
  try {
    yield* close(fd)
  } catch (error) {
    if (!(error instanceof CallError)) throw error // EBADF: closed already, so what
  }
}
