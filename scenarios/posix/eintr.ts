import { CallError, kill, type Program, scenario, sigaction } from 'ipclab'
import { pipe, read, write } from 'ipclab/posix'

/**
 * A call that waits is interrupted by a signal handler, and fails with EINTR though nothing is wrong. Programs that are
 * tested without signals don't know; then a timer or a child's end comes just while they read. Whether it does hangs on
 * the schedule: a signal that comes before the read begins, or when there is something to read, does no harm.
 *
 * The cures are a loop (`again`), or SA_RESTART for the handler (`restart`), with which read() goes on by itself.
 */
export default scenario('no loop for EINTR', {
  source: "signal(7), 'Interruption of system calls and library functions by signal handlers'",
  about:
    'A signal interrupts a read that waits: EINTR. With again=true or restart=true the byte is read in every schedule.',
  params: {
    again: { default: false, about: 'read again after EINTR' },
    restart: { default: false, about: 'install the handler with SA_RESTART' },
  },
  *setup({ params }) {
    yield* sigaction('SIGUSR1', function* () {}, { restart: params.restart }) // which those forked from it inherit
    return yield* pipe()
  },
  ghost: () => ({ read: '' }),
  programs: {
    *reader({ params, ghost, shared: [reading] }) {
      do {
        ghost.read = yield* tryToRead(reading, params.again)
      } while (ghost.read === '')
    },
    *writer({ pids, shared: [, writing] }) {
      yield* kill(pids.reader ?? 0, 'SIGUSR1')
      yield* write(writing, 'a')
    },
  },
  atEnd: {
    'the byte has been read': ({ ghost }) => ghost.read === 'a',
  },
  expect: 'error: EINTR',
})

function* tryToRead(fd: number, again: boolean): Program<string> {
  try {
    return yield* read(fd, 1)
  } catch (error) {
    if (!again || !(error instanceof CallError) || error.code !== 'EINTR') throw error
    return ''
  }
}
