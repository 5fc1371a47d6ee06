import {
  await_,
  map_anonymous,
  type Program,
  scenario,
  sigaction,
  store,
  thread_create,
  thread_join,
  type WakeOrder,
} from 'ipclab/kernel'
import {
  ftruncate,
  MAP_PRIVATE,
  MAP_SHARED,
  mmap,
  mprotect,
  O_CREAT,
  O_RDWR,
  PROT_READ,
  PROT_WRITE,
  pthread_mutex_lock,
  pthread_mutex_timedlock,
  pthread_mutex_trylock,
  sem_post,
  sem_timedwait,
  sem_trywait,
  sem_wait,
  shm_open,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { everySchedule, outcomes } from '../../helpers/schedules.ts'

/** What waits, what sees what, and what is no event at all. */

const orders: readonly WakeOrder[] = ['any', 'fifo', 'lifo']

function* memory(): Program<number> {
  return yield* map_anonymous(4096, { name: 'common' })
}

interface At {
  readonly shared: unknown
}

const at = ({ shared }: At): number => shared as number // what `memory` returns
const MUTEX = 64

test('threads that share a private page wake each other, though the first store copies it', () => {
  const seen = outcomes(
    {
      *process(context) {
        const own = at(context)
        const helper = yield* thread_create(function* () {
          yield* sem_post(own)
        })
        yield* sem_wait(own)
        context.ghost.push('met')
        yield* thread_join(helper)
      },
    },
    {
      *setup() {
        return yield* map_anonymous(4096, { shared: false, name: 'own' })
      },
    },
  )
  expect(seen).toEqual(['met'])
})

test('who waits on a private page that has not been copied sees what others store in the object', () => {
  const seen = outcomes(
    {
      *p(context) {
        const fd = yield* shm_open('/m', O_RDWR)
        const own = yield* mmap(null, 4096, PROT_READ, MAP_PRIVATE, fd, 0)
        context.ghost.push(String(yield* await_(own, 'i32', (value) => value !== 0)))
      },
      *q(context) {
        yield* store(at(context), 'i32', 7)
      },
    },
    {
      *setup() {
        const fd = yield* shm_open('/m', O_CREAT | O_RDWR, 0o600)
        yield* ftruncate(fd, 4096)
        return yield* mmap(null, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
      },
    },
  )
  expect(seen).toEqual(['7'])
})

test('an open descriptor at a program’s end is no event of its own: nobody can see it close', () => {
  function* opens(): Program {
    yield* shm_open('/a', O_CREAT, 0o600)
  }
  const made = scenario('quiet', { programs: { p: opens }, expect: 'proved' })
  const steps: number[] = []
  everySchedule(made, { after: ({ machine }) => void steps.push(machine.steps) })
  expect(steps).toEqual([1])
})

test.each(orders)('under %s, what would only fail or fault does not wait first', (wakeOrder) => {
  const malformed = { tv_sec: 5, tv_nsec: 1e9 }
  const seen = outcomes(
    {
      *p(context) {
        const base = at(context)
        yield* sigaction('SIGSEGV', function* () {})
        yield* mprotect(base + 4096, 4096, PROT_READ)
        const calls = [
          pthread_mutex_timedlock(base + MUTEX, malformed),
          sem_timedwait(base, malformed),
          sem_wait(base + 4096),
          pthread_mutex_lock(base + 4096 + MUTEX),
          pthread_mutex_lock(16),
          sem_wait(base + 2),
        ]
        for (const call of calls) {
          try {
            yield* call
          } catch (error) {
            context.ghost.push((error as { code: string }).code)
          }
        }
      },
    },
    {
      wakeOrder,
      *setup() {
        const base = yield* map_anonymous(8192)
        yield* pthread_mutex_lock(base + MUTEX)
        yield* pthread_mutex_lock(base + 4096 + MUTEX)
        return base
      },
    },
  )
  expect(seen).toEqual(['EINVAL EINVAL SIGSEGV SIGSEGV SIGSEGV EINVAL'])
})

test('trylock and trywait never wait', () => {
  const seen = outcomes(
    {
      *p(context) {
        const base = at(context)
        for (const call of [sem_trywait(base), pthread_mutex_trylock(base + MUTEX)]) {
          try {
            yield* call
            context.ghost.push('got')
          } catch (error) {
            context.ghost.push((error as { code: string }).code)
          }
        }
      },
      *q(context) {
        yield* sem_wait(at(context))
        yield* pthread_mutex_lock(at(context) + MUTEX)
      },
    },
    {
      *setup() {
        const base = yield* memory()
        yield* sem_post(base)
        return base
      },
    },
  )
  expect(seen).toEqual(['EAGAIN EBUSY', 'EAGAIN got / deadlock', 'got got / deadlock'])
})
