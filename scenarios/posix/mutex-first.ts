import { int32, scenario } from 'ipclab'
import {
  ftruncate,
  MAP_SHARED,
  mmap,
  O_CREAT,
  O_RDWR,
  PROT_READ,
  PROT_WRITE,
  sem_open,
  sem_post,
  sem_wait,
  shm_open,
} from 'ipclab/posix'

/**
 * The buffer of `bounded-buffer` with the producer's two waits the wrong way round. A full buffer puts the producer to
 * sleep with the mutex in its hand; the consumer cannot get in to empty a slot; both sleep for ever. A consumer that
 * keeps up hides it.
 *
 * Each process opens what they share itself, by name, as unrelated programs do. Whoever comes first makes it.
 */
export default scenario('bounded buffer, mutex first', {
  source: "the textbook's page on IPC, 'IPC Systems' (POSIX: shared memory); sem_overview(7), shm_overview(7)",
  about: 'A producer that takes the mutex before it knows that there is room sleeps with it, and nobody can make room.',
  params: {
    slots: { default: 2, min: 1, max: 8, about: 'slots of the buffer' },
    items: { default: 3, min: 1, max: 20, about: 'how many items are produced' },
  },
  ghost: () => ({ consumed: 0 }),
  programs: {
    *producer({ params: { slots, items } }) {
      const { buffer, mutex, empty, full } = yield* openBuffer(slots)
      for (let item = 1; item <= items; item++) {
        yield* sem_wait(mutex) // These two are the wrong way round,
        yield* sem_wait(empty) // and that is the bug.
        yield* buffer.store(item % slots, item)
        yield* sem_post(mutex)
        yield* sem_post(full)
      }
    },
    *consumer({ params: { slots, items }, ghost }) {
      const { buffer, mutex, empty, full } = yield* openBuffer(slots)
      for (let item = 1; item <= items; item++) {
        yield* sem_wait(full)
        yield* sem_wait(mutex)
        yield* buffer.load(item % slots)
        ghost.consumed = item
        yield* sem_post(mutex)
        yield* sem_post(empty)
      }
    },
  },
  atEnd: {
    'every item has arrived': ({ params, ghost }) => ghost.consumed === params.items,
  },
  expect: 'deadlock',
})

function* openBuffer(slots: number) {
  const fd = yield* shm_open('/buffer', O_CREAT | O_RDWR, 0o600)
  yield* ftruncate(fd, slots * 4)
  return {
    buffer: int32(yield* mmap(null, slots * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)),
    mutex: yield* sem_open('/mutex', O_CREAT, 0o600, 1),
    empty: yield* sem_open('/empty', O_CREAT, 0o600, slots),
    full: yield* sem_open('/full', O_CREAT, 0o600, 0),
  }
}
