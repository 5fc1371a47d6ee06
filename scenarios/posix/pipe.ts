import { fork, scenario, wait } from 'ipclab'
import { close, pipe, read, write } from 'ipclab/posix'

/**
 * Producer and consumer over an anonymous pipe, as the textbook has it: the parent makes the pipe and forks, the child
 * inherits both ends, and each closes the one that it does not use. The consumer knows that all has come when it reads
 * nothing: end of file, when the last write end is closed.
 *
 * That is why it must close its own. With `keep` the child keeps the write end that it inherited, and waits for ever
 * for bytes that it alone could still send.
 */
export default scenario('a pipe between parent and child', {
  source: 'pipe(2), pipe(7)',
  about:
    'The parent writes, the child reads until the end of file, in every schedule. With keep=true the child keeps its inherited write end, and there is no end of file.',
  params: {
    items: { default: 2, min: 1, max: 10, about: 'how many bytes go through the pipe' },
    keep: { default: false, about: 'let the child keep the write end' },
  },
  ghost: () => ({ received: '' }),
  programs: {
    *parent({ params, ghost }) {
      const [reading, writing] = yield* pipe()
      yield* fork(function* child() {
        if (!params.keep) yield* close(writing)
        for (let bytes = yield* read(reading, 10); bytes !== ''; bytes = yield* read(reading, 10))
          ghost.received += bytes
      })
      yield* close(reading)
      for (let item = 0; item < params.items; item++) yield* write(writing, 'abcdefghij'.charAt(item))
      yield* close(writing)
      yield* wait()
    },
  },
  invariants: {
    'what comes is what was sent, in order': ({ ghost }) => 'abcdefghij'.startsWith(ghost.received),
  },
  atEnd: {
    'all has come': ({ ghost, params }) => ghost.received.length === params.items,
  },
  expect: 'proved',
})
