import { int32, scenario } from 'ipclab'
import { ftruncate, MAP_SHARED, mmap, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE, shm_open } from 'ipclab/posix'

/**
 * Two unrelated processes that are to share memory by its name. The one makes it, the other opens it without O_CREAT, and
 * nothing says that the one comes first: opened too early there is no such name, and shm_open fails with ENOENT. The cure
 * is to let whoever comes first make it (O_CREAT in both, as in `mutex-first`), or to start the second when the first has
 * done its part.
 */
export default scenario('shared memory that is not there yet', {
  source: 'shm_open(3)',
  about: 'A reader opens shared memory by a name that its writer has not made yet: ENOENT.',
  params: {
    create: { default: false, about: 'let the reader make the object, too, if it is not there' },
  },
  ghost: () => ({ read: null as number | null }),
  programs: {
    *writer() {
      const fd = yield* shm_open('/notes', O_CREAT | O_RDWR, 0o600)
      yield* ftruncate(fd, 4)
      yield* int32(yield* mmap(null, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)).store(0, 7)
    },
    *reader({ params, ghost }) {
      const fd = yield* shm_open('/notes', params.create ? O_CREAT | O_RDWR : O_RDWR, 0o600)
      yield* ftruncate(fd, 4) // it may be that its maker has not come so far
      ghost.read = yield* int32(yield* mmap(null, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)).load()
    },
  },
  atEnd: {
    'what is read is what is written, or nothing yet': ({ ghost }) => ghost.read === 7 || ghost.read === 0,
  },
  sometimes: {
    'it is there': ({ ghost }) => ghost.read === 7,
  },
  expect: 'error: ENOENT',
})
