import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'
import {
  await_,
  boot,
  futex_wait,
  int32,
  type Program,
  type Scenario,
  sigaction,
  sleep,
  thread_create,
} from 'ipclab/kernel'
import {
  fromNs,
  pthread_cond_destroy,
  pthread_cond_signal,
  pthread_cond_timedwait,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'
import { dfs, prefixed, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Body, type Given, made } from '../helpers/explored.ts'
import { faulty, started, stores, took } from '../helpers/faulty.ts'
import { everySchedule } from '../helpers/schedules.ts'

/** Faults that befall who waits: signals, wake-ups by nothing, timers out of order. */

describe('signals', () => {
  const handling = (signals: readonly ('SIGUSR1' | 'SIGUSR2')[]) =>
    function* ({ shared: { base } }: Given): Program {
      for (const signal of signals) yield* sigaction(signal, function* () {})
      yield* sem_wait(base)
    }

  const setup = function* ({ shared: { base } }: Given): Program {
    yield* sem_init(base, 1, 0)
    yield* sem_post(base)
  }

  test('come once there is a handler for them, in the order of their numbers', () => {
    const simulation = started(faulty({ signal: true }, { P: handling(['SIGUSR2', 'SIGUSR1']), Q: setup }))
    expect(took(simulation)).toEqual(['P', 'Q'])
    expect(took(simulation, 'P')).toEqual(['P', 'Q', '^P:SIGUSR2'])
    expect(took(simulation, 'P')).toEqual(['Q', '^P:SIGUSR1', '^P:SIGUSR2']) // P waits
  })

  test('interrupt a wait, and who has not reckoned with EINTR fails', () => {
    const programs = {
      P: function* ({ shared: { base } }: Given): Program {
        yield* sigaction('SIGUSR1', function* () {})
        yield* await_(base + 64, 'i32', (ready) => ready === 1)
        yield* sem_wait(base)
      },
      Q: function* ({ shared: { base } }: Given): Program {
        yield* sem_init(base, 1, 0)
        yield* int32(base).store(16, 1)
        yield* sem_post(base)
      },
    }
    expect(everySchedule(made(programs))).toMatchObject({ complete: true, failure: null })
    const found = everySchedule(faulty({ signal: true }, programs))
    expect(Object.keys(found.endings).sort()).toEqual(['done', 'error: EINTR'])
  })

  test('that are named come whether they are handled or not, but not where they are ignored', () => {
    const ignores = function* ({ shared: { base } }: Given): Program {
      yield* sigaction('SIGTERM', 'ignore')
      yield* int32(base).load()
    }
    const simulation = started(faulty({ signal: 'SIGTERM', most: 2 }, { P: ignores, Q: stores(2) }))
    expect(took(simulation)).toEqual(['P', 'Q', '^P:SIGTERM', '^Q:SIGTERM'])
    expect(took(simulation, 'P')).toEqual(['P', 'Q', '^Q:SIGTERM'])
    expect(took(simulation, '^Q:SIGTERM')).toEqual(['P'])
    expect(simulation.state.processes.Q?.exit).toEqual({ code: null, signal: 'SIGTERM' })
    expect(took(started(faulty({ signal: 'SIGCHLD' }, { P: stores(1) })))).toEqual(['P'])
  })

  test('that are pending do not come again, and those whose handler runs wait for its end', () => {
    const P = function* ({ ghost, shared: { base } }: Given): Program {
      yield* sigaction('SIGUSR1', function* () {
        ghost.noted.push('in')
        yield* int32(base).load()
        ghost.noted.push('out')
      })
      yield* int32(base).load()
    }
    const simulation = started(faulty({ signal: true, most: 9 }, { P, Q: stores(3, 1) }))
    expect(took(simulation, 'P', 'Q')).toContain('^P:SIGUSR1')
    expect(took(simulation, '^P:SIGUSR1')).toEqual(['Q', 'P'])
    expect(took(simulation, 'P')).toEqual(['P', 'Q', '^P:SIGUSR1']) // it is in its handler
    expect(took(simulation, '^P:SIGUSR1')).toEqual(['P', 'Q'])
    expect(took(simulation, 'P')).toEqual(['P', 'Q'])
    took(simulation, 'P', 'P')
    expect(simulation.ghost).toEqual({ noted: ['in', 'out', 'in', 'out'] })
  })

  test('go to the thread that does not hold them back', () => {
    const P = function* ({ shared: { base } }: Given): Program {
      yield* sigaction('SIGUSR1', function* () {
        yield* int32(base).load()
      })
      yield* thread_create(stores(3), { shared: { base } } as Given)
      yield* int32(base).load()
      yield* int32(base).load()
    }
    const simulation = started(faulty({ signal: true, most: 2 }, { P }))
    took(simulation, 'P', 'P', '^P:SIGUSR1')
    expect(simulation.machine.actor?.id).toBe('P')
    took(simulation, 'P', '^P:SIGUSR1')
    expect(simulation.machine.actor?.id).toBe('P.2+')
    expect(simulation.state.threads['P.2+']?.pending).toEqual(['SIGUSR1'])
  })
})

describe('wake-ups by nothing', () => {
  const MUTEX = 1024
  const COND = 512
  const waiting = (how: 'while' | 'if') => ({
    P: function* ({ shared: { base } }: Given): Program {
      const x = int32(base)
      yield* pthread_mutex_lock(base + MUTEX)
      if (how === 'if' && (yield* x.load()) === 0) yield* pthread_cond_wait(base + COND, base + MUTEX)
      while (how === 'while' && (yield* x.load()) === 0) yield* pthread_cond_wait(base + COND, base + MUTEX)
      yield* x.store(1, yield* x.load())
      yield* pthread_mutex_unlock(base + MUTEX)
    },
    Q: function* ({ shared: { base } }: Given): Program {
      yield* pthread_mutex_lock(base + MUTEX)
      yield* int32(base).store(0, 1)
      yield* pthread_cond_signal(base + COND)
      yield* pthread_mutex_unlock(base + MUTEX)
    },
  })
  const seen: Partial<Body> = { atEnd: { seen: ({ load, shared }) => load(shared.base + 4, 'i32') === 1 } }

  test('who looks once believes one, who looks again does not', () => {
    for (const how of ['while', 'if'] as const)
      expect(everySchedule(made(waiting(how), seen))).toMatchObject({ complete: true, failure: null })
    const faults = { spuriousWakeup: true, most: 2 }
    const again = everySchedule(faulty(faults, waiting('while'), seen))
    expect(again).toMatchObject({ complete: true, failure: null })
    expect(Object.keys(everySchedule(faulty(faults, waiting('if'), seen)).endings).sort()).toEqual([
      'done',
      'violates: seen',
    ])
  })

  test('are possible while a thread sleeps, and not any more when it is on its way to the mutex', () => {
    for (const wakeOrder of ['any', 'fifo', 'lifo'] as const) {
      const simulation = started(faulty({ spuriousWakeup: true, most: 2 }, waiting('while'), { wakeOrder }))
      expect(took(simulation, 'P', 'P', 'P')).toEqual(['Q', '~P'])
      expect(took(simulation, 'Q', '~P')).toEqual(['Q', ...(wakeOrder === 'any' ? [] : ['P'])])
      expect(simulation.machine).toMatchObject({ kind: 'spurious', runningGoesOn: true })
      expect(took(simulation, 'Q')).not.toContain('~P')
      if (wakeOrder !== 'any') {
        // Q has the mutex: P sleeps for it, and it is not the condition that could let it go.
        expect(took(simulation, 'P')).toEqual(['Q'])
        expect(simulation.state.threads.P?.status).toBe('sleeping')
      }
      const signalled = started(faulty({ spuriousWakeup: true, most: 2 }, waiting('while'), { wakeOrder }))
      expect(took(signalled, 'P', 'P', 'P', 'Q', 'Q', 'Q')).not.toContain('~P')
    }
  })

  test('leave a condition variable on which nobody waits', () => {
    const P = function* ({ shared: { base } }: Given): Program {
      yield* pthread_mutex_lock(base + MUTEX)
      yield* pthread_cond_wait(base + COND, base + MUTEX)
      yield* pthread_mutex_unlock(base + MUTEX)
    }
    // What P waits for only the fault gives it; Q's long way keeps the run from being over.
    const Q = function* ({ shared: { base } }: Given): Program {
      yield* await_(base, 'i32', (ready) => ready === 1)
      yield* pthread_cond_signal(base + COND) // lost, and must do no harm
      yield* pthread_cond_destroy(base + COND)
    }
    const simulation = started(faulty({ spuriousWakeup: true }, { P, Q, R: stores(2) }))
    took(simulation, 'P', 'P', '~P', 'P', 'P', 'R', 'R', 'Q', 'Q', 'Q')
    expect(simulation.machine).toMatchObject({ alive: 0, trouble: null })
    const { load, shared } = simulation.world
    for (const at of [0, 4]) expect(load((shared as { base: number }).base + COND + at, 'i32')).toBe(0)
  })

  test('of two that wait one is woken by nothing and the other by the signal', () => {
    const P = function* ({ shared: { base }, ghost, name }: Given): Program {
      yield* pthread_mutex_lock(base + MUTEX)
      yield* pthread_cond_wait(base + COND, base + MUTEX)
      ghost.noted.push(name)
      yield* pthread_mutex_unlock(base + MUTEX)
    }
    const Q = function* ({ shared: { base } }: Given): Program {
      yield* pthread_cond_signal(base + COND)
    }
    const simulation = started(faulty({ spuriousWakeup: true }, { P, P2: P, Q }))
    took(simulation, 'P', 'P', 'P2', 'P2')
    expect(took(simulation)).toEqual(['Q', '~P', '~P2'])
    expect(took(simulation, '~P', 'P', 'P', 'Q', 'P2', 'P2')).toEqual([])
    expect(simulation.ghost).toEqual({ noted: ['P', 'P2'] })
  })

  test('end a wait with a time-out, and its timer with it', () => {
    const P = function* ({ shared: { base }, ghost }: Given): Program {
      yield* pthread_mutex_lock(base + MUTEX)
      yield* pthread_cond_timedwait(base + COND, base + MUTEX, fromNs(100))
      ghost.noted.push('woken')
    }
    const simulation = started(faulty({ spuriousWakeup: true }, { P, Q: stores(1) }))
    expect(took(simulation, 'P', 'P')).toEqual(['Q', '!P', '~P'])
    expect(took(simulation, '~P')).toEqual(['P', 'Q'])
    took(simulation, 'P')
    expect(simulation.ghost).toEqual({ noted: ['woken'] })
  })

  test('a futex returns as if woken; Atomics.wait has none: ECMA-262 25.4.15', () => {
    const P = function* ({ shared: { base }, ghost }: Given): Program {
      yield* futex_wait(base, 0, 50)
      ghost.noted.push('woken')
      yield* int32(base).load()
    }
    const A = function* (): Program {
      yield* Atomics.wait(int32Array(yield* shared_array_buffer(64)), 0, 0)
    }
    const simulation = started(faulty({ spuriousWakeup: true }, { P, A, Q: stores(1, 1) }))
    expect(took(simulation, 'A', 'A', 'P')).toEqual(['Q', '!P', '~P'])
    expect(took(simulation, '~P')).toEqual(['P', 'Q'])
    expect(simulation.machine).toMatchObject({ kind: 'spurious', outcome: 1 })
    expect(simulation.ghost).toEqual({ noted: ['woken'] })
  })
})

describe('timers', () => {
  const sleeper = (ns: number) =>
    function* ({ ghost, name }: Given): Program {
      yield* sleep(ns)
      ghost.noted.push(name)
    }
  const programs = { R: sleeper(30), P: sleeper(10), Q: sleeper(20) }

  /** The orders in which the three can wake, once they all sleep. */
  function orders(one: Scenario): string[] {
    const decider = prefixed(['R', 'P', 'Q'], dfs())
    const simulation = boot(one, { door: decider })
    const seen: string[] = []
    for (let index = 0; ; index++) {
      simulation.start()
      if (!decider.begin(simulation, index)) return seen.sort()
      run(simulation, decider, { maxSteps: 100 })
      seen.push((simulation.ghost as { noted: string[] }).noted.join(' '))
    }
  }

  test('fire in the order of their times, unless that may go wrong', () => {
    expect(orders(made(programs))).toEqual(['P Q R'])
    expect(orders(faulty({ timeout: true }, programs))).toEqual(['P Q R', 'P R Q', 'Q P R', 'R P Q'])
    // Twice is enough for all six.
    expect(orders(faulty({ timeout: true, most: 2 }, programs))).toHaveLength(6)
  })

  test('fire out of order only so often, and time does not run back', () => {
    const simulation = started(faulty({ timeout: true, most: 1 }, programs))
    expect(took(simulation, 'R', 'P', 'Q')).toEqual(['!P', '!Q', '!R'])
    expect(took(simulation, '!Q')).toEqual(['!P'])
    expect(simulation.machine).toMatchObject({ kind: 'timer', steps: 4 })
    expect(simulation.state.clock).toBe(20)
    expect(took(simulation, '!P')).toEqual(['!R'])
    expect(simulation.state.clock).toBe(20)
    took(simulation, '!R')
    expect(simulation.state.clock).toBe(30)
    expect(simulation.ghost).toEqual({ noted: ['Q', 'P', 'R'] })
  })

  test('a sleeper that dies takes its timer with it, also from the middle', () => {
    const simulation = started(faulty({ timeout: true, kill: true, most: 2 }, programs))
    took(simulation, 'R', 'P', 'Q', '-Q')
    expect(took(simulation)).toEqual(['!P', '-R', '-P', '!R'])
  })
})
