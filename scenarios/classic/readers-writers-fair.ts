import { int32, map_anonymous, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * Readers and writers, the third discipline: readers and writers stand in one line. Whoever wants in, to read or to
 * write, has to pass a turnstile, and stands in it until he is in. A writer waits there for the readers who are in to
 * leave, and while he stands there nobody can come in past him; so neither kind can keep the other out for ever.
 *
 * Who of those behind the turnstile is next, is the semaphore's business. POSIX promises no order among them.
 */
export default scenario('readers and writers, in one line', {
  source: 'A. B. Downey: The Little Book of Semaphores, section 4.2 (no-starve readers-writers)',
  about:
    'The readers of readers-first, and a turnstile for all: proved that no writer is in beside anybody, and that no reader comes in past a writer who stands in the turnstile. Look at what waits behind a writer who waits. Try --set writers=2 --set readers=1.',
  params: {
    readers: { default: 2, min: 1, max: 5, about: 'how many processes read' },
    writers: { default: 1, min: 0, max: 5, about: 'how many processes write' },
  },
  ghost: () => ({ reading: 0, writing: 0, inTurnstile: false, overtaken: false }),
  *setup() {
    return {
      data: int32(yield* map_anonymous(4, { name: 'data' })),
      readcount: int32(yield* map_anonymous(4, { name: 'readcount' })),
      turnstile: yield* sem_open('/turnstile', O_CREAT, 0o600, 1),
      mutex: yield* sem_open('/mutex', O_CREAT, 0o600, 1),
      w: yield* sem_open('/w', O_CREAT, 0o600, 1),
    }
  },
  programs: {
    reader: {
      copies: ({ readers }) => readers,
      *program({ shared: { data, readcount, turnstile, mutex, w }, ghost }) {
        yield* sem_wait(turnstile)
        yield* sem_wait(mutex)
        const before = yield* readcount.load()
        yield* readcount.store(0, before + 1)
        if (before === 0) yield* sem_wait(w)
        ghost.reading += 1
        if (ghost.inTurnstile) ghost.overtaken = true
        yield* sem_post(mutex)
        yield* sem_post(turnstile)
        yield* data.load()
        ghost.reading -= 1
        yield* sem_wait(mutex)
        const left = (yield* readcount.load()) - 1
        yield* readcount.store(0, left)
        if (left === 0) yield* sem_post(w)
        yield* sem_post(mutex)
      },
    },
    writer: {
      copies: ({ writers }) => writers,
      *program({ shared: { data, turnstile, w }, ghost, index }) {
        yield* sem_wait(turnstile)
        ghost.inTurnstile = true
        yield* sem_wait(w)
        ghost.inTurnstile = false
        ghost.writing += 1
        yield* sem_post(turnstile)
        yield* data.store(0, index)
        ghost.writing -= 1
        yield* sem_post(w)
      },
    },
  },
  invariants: {
    'no writer is in beside anybody': ({ ghost: { reading, writing } }) =>
      writing === 0 || (writing === 1 && reading === 0) || `${writing} write and ${reading} read`,
    'no reader comes in past a writer in the turnstile': ({ ghost }) => !ghost.overtaken,
  },
  sometimes: {
    'two read together': ({ params, ghost }) => params.readers < 2 || ghost.reading >= 2,
    'a writer waits in the turnstile': ({ params, ghost }) =>
      params.writers < 1 || (ghost.inTurnstile && ghost.reading > 0),
  },
  expect: 'proved',
})
