import { CallError, scenario, sigaction } from 'ipclab'
import { close, pipe, read, write } from 'ipclab/posix'

/**
 * Who writes to a pipe that nobody reads any more gets SIGPIPE, and the signal's default is to end the process: quietly,
 * and before write() could return anything that might be looked at. Here the reader takes one byte and goes. In some
 * schedules all has been written by then; in the others the writer is killed in the middle, and what it was to do
 * afterwards is never done.
 *
 * With `ignore` the signal is ignored, write() fails with EPIPE, and the writer comes to its end.
 */
export default scenario('killed by SIGPIPE', {
  source: 'pipe(7), signal(7)',
  about:
    'A reader leaves early, SIGPIPE kills the writer, and its last words are not said. With ignore=true it gets EPIPE.',
  params: {
    ignore: { default: false, about: 'ignore SIGPIPE' },
  },
  *setup() {
    return yield* pipe()
  },
  ghost: () => ({ finished: false }),
  programs: {
    *writer({ params, ghost, shared: [reading, writing] }) {
      if (params.ignore) yield* sigaction('SIGPIPE', 'ignore')
      yield* close(reading)
      try {
        for (const byte of 'abc') yield* write(writing, byte)
      } catch (error) {
        if (!(error instanceof CallError) || error.code !== 'EPIPE') throw error
      }
      yield* close(writing)
      ghost.finished = true
    },
    *reader({ shared: [reading, writing] }) {
      yield* close(writing)
      yield* read(reading, 1)
      yield* close(reading)
    },
  },
  atEnd: {
    'the writer has come to its end': ({ ghost }) => ghost.finished,
  },
  expect: 'violates: the writer has come to its end',
})
