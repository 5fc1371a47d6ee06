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
 * Producer and consumer the POSIX way: the buffer lies in a named shared memory object, and three named semaphores stand
 * around it. `/empty` counts the empty slots, `/full` the filled ones, `/mutex` lets one process at a time at the buffer.
 * Nobody waits by looking: sem_wait sleeps until there is something to count down. All slots can be used, for "how many"
 * is counted and not read off two indices. `mutex-first` shows why the waits stand in this order.
 */
export default scenario('bounded buffer in POSIX shared memory', {
  source: "the textbook's page on IPC, 'IPC Systems' (POSIX: shared memory); sem_overview(7), shm_overview(7)",
  about:
    'Producers and a consumer share a buffer by shm_open and mmap, and take turns by three named semaphores. Nothing is lost and nobody sleeps for ever.',
  params: {
    slots: { default: 1, min: 1, max: 8, about: 'slots of the buffer' },
    producers: { default: 3, min: 1, max: 4, about: 'how many processes produce' },
    items: { default: 2, min: 1, max: 10, about: 'how many items each of them produces' },
  },
  ghost: () => ({ put: 0, taken: [] as number[] }),
  *setup({ params: { slots } }) {
    const fd = yield* shm_open('/buffer', O_CREAT | O_RDWR, 0o600)
    yield* ftruncate(fd, (2 + slots) * 4)
    const memory = yield* mmap(null, (2 + slots) * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
    return {
      free_index: int32(memory),
      full_index: int32(memory + 4),
      buffer: int32(memory + 8),
      mutex: yield* sem_open('/mutex', O_CREAT, 0o600, 1),
      empty: yield* sem_open('/empty', O_CREAT, 0o600, slots),
      full: yield* sem_open('/full', O_CREAT, 0o600, 0),
    }
  },
  programs: {
    producer: {
      copies: ({ producers }) => producers,
      *program({ params, shared: { free_index, buffer, mutex, empty, full }, ghost, index }) {
        for (let i = 1; i <= params.items; i++) {
          yield* sem_wait(empty)
          yield* sem_wait(mutex)
          const free = yield* free_index.load()
          yield* buffer.store(free, 100 * index + i)
          yield* free_index.store(0, (free + 1) % params.slots)
          ghost.put += 1
          yield* sem_post(mutex)
          yield* sem_post(full)
        }
      },
    },
    *consumer({ params, shared: { full_index, buffer, mutex, empty, full }, ghost }) {
      for (let i = 0; i < params.producers * params.items; i++) {
        yield* sem_wait(full)
        yield* sem_wait(mutex)
        const at = yield* full_index.load()
        ghost.taken.push(yield* buffer.load(at))
        yield* full_index.store(0, (at + 1) % params.slots)
        yield* sem_post(mutex)
        yield* sem_post(empty)
      }
    },
  },
  invariants: {
    'the buffer is never overrun': ({ params, ghost }) => ghost.put - ghost.taken.length <= params.slots,
    'no item comes twice': ({ ghost }) => new Set(ghost.taken).size === ghost.taken.length,
  },
  atEnd: {
    'every item has arrived': ({ params, ghost }) => ghost.taken.length === params.producers * params.items,
  },
  sometimes: {
    'the buffer is full': ({ params, ghost }) => ghost.put - ghost.taken.length === params.slots,
  },
  expect: 'proved',
})
