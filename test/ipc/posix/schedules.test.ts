import {
  assert,
  type Call,
  futex_wake,
  kill,
  load,
  map_anonymous,
  type Program,
  scenario,
  sigaction,
  store,
  type WakeOrder,
} from 'ipclab/kernel'
import {
  O_CREAT,
  PTHREAD_MUTEX_ERRORCHECK,
  pthread_cond_broadcast,
  pthread_cond_signal,
  pthread_cond_timedwait,
  pthread_cond_wait,
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_timedlock,
  pthread_mutex_unlock,
  sem_getvalue,
  sem_init,
  sem_open,
  sem_post,
  sem_timedwait,
  sem_wait,
} from 'ipclab/posix'
import { describe, expect, test } from 'vitest'
import { everySchedule, outcomes, type TallyOptions } from '../../helpers/schedules.ts'
import { forgetful_sem_post, gapless_cond_wait, gappy_cond_wait, leaky_mutex_lock } from './faulty.ts'

const orders: readonly WakeOrder[] = ['any', 'fifo', 'lifo']
const SOON = { tv_sec: 0, tv_nsec: 100 }

function* memory(): Program<number> {
  return yield* map_anonymous(4096, { name: 'common' })
}

interface At {
  readonly shared: unknown
}

const at = ({ shared }: At): number => shared as number // what `memory` returns
const MUTEX = 64
const COND = 128
const DATA = 256

/** Two or three that go into a critical section; whoever finds another inside has found the fault. */
function critical(enter: (mutex: number) => Call<void>, leave: (mutex: number) => Call<void>, many: number) {
  function* program(context: At): Program {
    const base = at(context)
    yield* enter(base + MUTEX)
    yield* assert((yield* load(base + DATA, 'i32')) === 0, 'alone')
    yield* store(base + DATA, 'i32', 1)
    yield* store(base + DATA, 'i32', 0)
    yield* leave(base + MUTEX)
  }
  return scenario('critical section', {
    *setup() {
      const base = yield* memory()
      yield* sem_init(base + MUTEX, 1, 1)
      return base
    },
    programs: { p: { program, copies: many } },
    expect: 'proved',
  })
}

function* mutexMemory(): Program<number> {
  const base = yield* memory()
  yield* pthread_mutex_init(base + MUTEX, { type: PTHREAD_MUTEX_ERRORCHECK })
  return base
}

describe.each(orders)('under %s', (wakeOrder) => {
  const all = (made: ReturnType<typeof scenario>, options: TallyOptions = {}) =>
    everySchedule(made, { wakeOrder, ...options })

  test('a semaphore of one lets one in, in every schedule', () => {
    const { complete, endings } = all(critical(sem_wait, sem_post, 2))
    expect({ complete, endings: Object.keys(endings) }).toEqual({ complete: true, endings: ['done'] })
  })

  test('a mutex lets one in, in every schedule', () => {
    const made = { ...critical(pthread_mutex_lock, pthread_mutex_unlock, 2), setup: mutexMemory }
    const { complete, endings } = all(scenario('mutex', made as never)) // the scenario, with another setup
    expect({ complete, endings: Object.keys(endings) }).toEqual({ complete: true, endings: ['done'] })
  })

  test('a mutex that lets two in is found', () => {
    const { endings } = all(
      scenario('leaky', { ...critical(leaky_mutex_lock, pthread_mutex_unlock, 2), setup: mutexMemory } as never),
    )
    expect(Object.keys(endings)).toContain('violates: alone')
  })

  test('a producer and a consumer over a condition both end, in every schedule', () => {
    const { complete, endings } = all(handOver(pthread_cond_wait, pthread_cond_signal))
    expect({ complete, endings: Object.keys(endings) }).toEqual({ complete: true, endings: ['done'] })
  })

  test('a wait that gives the mutex back before it is in the queue loses the wake-up, and only that one does', () => {
    const wakes = (cond: number): Call<unknown> => futex_wake(cond, 1)
    expect(Object.keys(all(handOver(gappy_cond_wait, wakes)).endings)).toContain('deadlock')
    expect(Object.keys(all(handOver(gapless_cond_wait, wakes)).endings)).toEqual(['done'])
  })

  test('a broadcast lets all go on, in every schedule', () => {
    function* waiter(context: At): Program {
      const base = at(context)
      yield* pthread_mutex_lock(base + MUTEX)
      while ((yield* load(base + DATA, 'i32')) === 0) yield* pthread_cond_wait(base + COND, base + MUTEX)
      yield* pthread_mutex_unlock(base + MUTEX)
    }
    function* opener(context: At): Program {
      const base = at(context)
      yield* pthread_mutex_lock(base + MUTEX)
      yield* store(base + DATA, 'i32', 1)
      yield* pthread_cond_broadcast(base + COND)
      yield* pthread_mutex_unlock(base + MUTEX)
    }
    const programs = { waiter: { program: waiter, copies: 2 }, opener }
    const { complete, endings } = all(scenario('gate', { setup: memory, programs, expect: 'proved' }))
    expect({ complete, endings: Object.keys(endings) }).toEqual({ complete: true, endings: ['done'] })
  })

  test('a timed call comes back or times out, and nothing else', () => {
    const timed: Record<string, (base: number) => Call<void>> = {
      sem: (base) => sem_timedwait(base, SOON),
      mutex: (base) => pthread_mutex_timedlock(base + MUTEX, SOON),
      cond: (base) => pthread_cond_timedwait(base + COND, base + MUTEX + 512, SOON),
    }
    for (const [name, make] of Object.entries(timed)) {
      const seen = outcomes(
        {
          *waits(context) {
            const base = at(context)
            yield* pthread_mutex_lock(base + MUTEX + 512)
            try {
              yield* make(base)
              context.ghost.push('in time')
            } catch (error) {
              context.ghost.push((error as { code: string }).code)
            }
            yield* pthread_mutex_unlock(base + MUTEX + 512)
          },
          *frees(context) {
            const base = at(context)
            yield* sem_post(base)
            yield* pthread_mutex_unlock(base + MUTEX)
            yield* pthread_cond_signal(base + COND)
          },
        },
        {
          wakeOrder,
          *setup() {
            const base = yield* memory()
            yield* pthread_mutex_lock(base + MUTEX)
            return base
          },
        },
      )
      expect(seen, name).toEqual(['ETIMEDOUT', 'in time'])
    }
  })

  test('a unit posted is never lost to a waiter that a handler or a time-out takes away', () => {
    // Two wait for one unit; a signal strikes one of them. Whoever gives up, the unit goes to the other or is still there.
    const seen = outcomes(
      {
        *struck(context) {
          yield* sigaction('SIGUSR1', function* () {})
          try {
            yield* sem_wait(at(context))
            context.ghost.push('struck has it')
          } catch {
            context.ghost.push('EINTR')
          }
        },
        *other(context) {
          yield* sem_wait(at(context))
          context.ghost.push('other has it')
        },
        *sender(context) {
          yield* sem_post(at(context))
          yield* kill(context.pids.struck ?? 0, 'SIGUSR1')
        },
      },
      { wakeOrder, setup: memory },
    )
    // EINTR with nobody served would be a unit lost: the other would sleep on beside it.
    expect(seen.filter((line) => line.includes('EINTR') && !line.includes('has it'))).toEqual([])
    expect(seen.filter((line) => line.includes('EINTR'))).not.toEqual([])
  })

  test('a condition signalled while the waiter is in its handler is not lost', () => {
    const seen = outcomes(
      {
        *waiter(context) {
          const base = at(context)
          yield* sigaction('SIGUSR1', function* () {
            yield* sem_getvalue(base + 512)
          })
          yield* pthread_mutex_lock(base + MUTEX)
          yield* sem_post(base + 512) // ready: now strike and signal
          yield* pthread_cond_wait(base + COND, base + MUTEX)
          context.ghost.push('woken')
        },
        *signaller(context) {
          const base = at(context)
          yield* sem_wait(base + 512)
          yield* kill(context.pids.waiter ?? 0, 'SIGUSR1')
          yield* pthread_mutex_lock(base + MUTEX)
          yield* pthread_cond_signal(base + COND)
          yield* pthread_mutex_unlock(base + MUTEX)
        },
      },
      { wakeOrder, setup: memory },
    )
    expect(seen).toEqual(['woken'])
  })
})

/** One value handed over under a mutex and a condition. */
function handOver(wait: (cond: number, mutex: number) => Call<unknown>, signal: (cond: number) => Call<unknown>) {
  return scenario('hand-over', {
    setup: memory,
    programs: {
      *consumer(context) {
        const base = at(context)
        yield* pthread_mutex_lock(base + MUTEX)
        while ((yield* load(base + DATA, 'i32')) === 0) yield* wait(base + COND, base + MUTEX)
        yield* pthread_mutex_unlock(base + MUTEX)
      },
      *producer(context) {
        const base = at(context)
        yield* pthread_mutex_lock(base + MUTEX)
        yield* store(base + DATA, 'i32', 7)
        yield* signal(base + COND)
        yield* pthread_mutex_unlock(base + MUTEX)
      },
    },
    expect: 'proved',
  })
}

test.each(['fifo', 'lifo'] as const)('a semaphore that forgets a wake-up is found under %s', (wakeOrder) => {
  const forgetful = scenario('forgetful', { ...critical(sem_wait, forgetful_sem_post, 2) } as never)
  expect(Object.keys(everySchedule(forgetful, { wakeOrder }).endings)).toContain('deadlock')
})

test('under any, who cannot go on leaves no mark: asked or not, the state is the same to the last word', () => {
  function* taker(context: At): Program {
    const base = at(context)
    yield* sem_wait(base)
    yield* pthread_mutex_lock(base + MUTEX)
    yield* sem_wait(yield* sem_open('/s', O_CREAT, 0o600, 0))
  }
  function* giver(context: At): Program {
    const base = at(context)
    yield* pthread_mutex_lock(base + MUTEX)
    yield* sem_post(base)
    yield* pthread_mutex_unlock(base + MUTEX)
    yield* sem_post(yield* sem_open('/s', O_CREAT, 0o600, 0))
  }
  const made = scenario('marks', {
    setup: memory,
    programs: { taker, giver },
    expect: 'deadlock',
  })
  let asked = 0
  everySchedule(made, {
    wakeOrder: 'any',
    observers: [
      ({ machine }) => {
        const { kernel } = machine
        const before = JSON.stringify(kernel.state)
        for (const task of machine.tasks.values()) {
          const thread = machine.thread(task)
          const { call } = thread
          const stage = call === null ? undefined : task.pending?.def.stages[call.stage]
          if (task.slot >= 0 || task.ended || call === null || stage?.canProceed === undefined) continue
          asked += 1
          expect(stage.canProceed(kernel, thread, call.args)).toBe(false)
          expect({ status: thread.status, queue: thread.queue, slept: call.slept }).toEqual({
            status: 'ready',
            queue: null,
            slept: false,
          })
        }
        expect(JSON.stringify(kernel.state)).toBe(before)
        expect(kernel.state.queues).toEqual({})
      },
    ],
  })
  expect(asked).toBeGreaterThan(10)
})
