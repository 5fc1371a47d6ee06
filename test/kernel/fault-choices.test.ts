import {
  boot,
  type Faults,
  fork,
  futex_wait,
  int32,
  type Program,
  pause,
  sigaction,
  sleep,
  thread_create,
  wait,
} from 'ipclab/kernel'
import { fromNs, pthread_cond_timedwait, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { choiceOf, decider, isPreemption, run } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { bothWays } from '../helpers/both.ts'
import { type Given, made } from '../helpers/explored.ts'
import { faulty, started, stores, took } from '../helpers/faulty.ts'
import { everySchedule } from '../helpers/schedules.ts'

/** Faults as choices: how many schedules they make, and what befalls processes. */

/** How many schedules there are for processes with so many independent calls to go, when so many may be killed. */
function countKills(calls: readonly number[], left: number): number {
  if (calls.every((call) => call === 0)) return 1
  let count = 0
  calls.forEach((call, at) => {
    if (call === 0) return // it has ended
    count += countKills(calls.with(at, call - 1), left)
    if (left > 0) count += countKills(calls.with(at, 0), left - 1)
  })
  return count
}

describe('the schedules that faults make', () => {
  test.each([
    // One process dies before one of its n calls, or not at all.
    [[1], 1, 2],
    [[3], 1, 4],
    // Before either has moved one of two dies, and the other goes on alone or, where it may, dies too.
    [[1, 1], 1, 6],
    [[1, 1], 2, 8],
  ])('of %j calls with at most %i killed there are %i', (calls, most, count) => {
    const programs = Object.fromEntries(calls.map((call, at) => [`P${at}`, stores(call, at)]))
    const all = everySchedule(faulty({ kill: true, most }, programs))
    expect(all).toMatchObject({ runs: count, complete: true, endings: { done: count } })
  })

  test.each([
    [[2, 2], 1],
    [[3, 2], 2],
    [[2, 1, 2], 1],
    [[2, 1, 2], 3],
    [[1, 1, 1], 9],
  ])('of %j calls with at most %i killed there are as many as a count by recursion says', (calls, most) => {
    const programs = Object.fromEntries(calls.map((call, at) => [`P${at}`, stores(call, at)]))
    expect(everySchedule(faulty({ kill: true, most }, programs)).runs).toBe(countKills(calls, most))
  })

  test('without faults there are no more than there were', () => {
    const one = made({ P: stores(2), Q: stores(2, 1) })
    expect(everySchedule(one).runs).toBe(6)
    expect(started(one).machine.faults).toEqual([])
  })

  test.each([{}, { kill: false, signal: false, spuriousWakeup: false, timeout: false }, { most: 3 }])(
    'where %j is allowed there are none either',
    (faults) => {
      expect(everySchedule(faulty(faults, { P: stores(2), Q: stores(2, 1) })).runs).toBe(6)
    },
  )

  test('without saying how many it is one', () => {
    const simulation = started(faulty({ kill: true }, { P: stores(2), Q: stores(2), R: stores(2) }))
    expect(took(simulation)).toEqual(['P', 'Q', 'R', '-P', '-Q', '-R'])
    expect(took(simulation, '-Q')).toEqual(['P', 'R'])
  })
})

describe('killing', () => {
  const locks = function* ({ shared: { base } }: Given): Program {
    yield* pthread_mutex_lock(base + 1024)
    yield* int32(base).load()
    yield* pthread_mutex_unlock(base + 1024)
  }

  test('who dies with the mutex locked leaves it locked, and the other waits for ever', () => {
    const programs = { P: locks, Q: locks }
    const mended = everySchedule(made(programs))
    expect(mended).toMatchObject({ complete: true, failure: null })
    const broken = everySchedule(faulty({ kill: true }, programs))
    expect(broken.endings.deadlock).toBeGreaterThan(0)
    expect(broken.failure?.threads).toHaveLength(1)
  })

  test('only the processes of the programs named may die, every copy of them, and no child', () => {
    const parent = function* (): Program {
      yield* fork(function* child() {
        yield* pause()
      })
      yield* wait()
    }
    const programs = { many: { program: stores(1), copies: 2 }, parent, other: stores(1) }
    const faults = { kill: ['many', 'parent'] }
    const simulation = started(made(programs as unknown as Record<string, () => Program>, { faults })) // specs are programs, too
    expect(took(simulation)).toEqual(['many1', 'many2', 'parent', 'other', '-many1', '-many2', '-parent'])
    const everybody = started(made({ parent }, { faults: { kill: true } }))
    expect(took(simulation, 'parent').filter((choice) => choice.startsWith('-'))).toEqual([
      '-many1',
      '-many2',
      '-parent',
    ])
    expect(took(everybody, 'parent').filter((choice) => choice.startsWith('-'))).toEqual(['-parent', '-parent/1'])
  })

  test('a parent learns of it as of any end by a signal', () => {
    const parent = function* ({ ghost }: Given): Program {
      yield* fork(function* child() {
        yield* pause()
      })
      ghost.noted.push(String((yield* wait()).signal))
    }
    const simulation = started(faulty({ kill: true }, { parent }))
    took(simulation, 'parent', '-parent/1', 'parent')
    expect(simulation.ghost).toEqual({ noted: ['SIGKILL'] })
  })

  test('all threads of a process die, and the first that lives is the one that it befalls', () => {
    const threaded = function* ({ shared: { base } }: Given): Program {
      yield* thread_create(function* () {
        yield* int32(base).store(0, 1)
        yield* int32(base).store(0, 2)
      })
    }
    const simulation = started(faulty({ kill: true }, { P: threaded, Q: stores(1, 1) }))
    took(simulation, 'P', 'P', 'P.1+') // main's end is a step, as it has another thread
    expect(took(simulation)).toEqual(['P.1+', 'Q', '-P', '-Q'])
    took(simulation, '-P')
    expect(simulation.machine.actor?.id).toBe('P.1+')
    expect(simulation.machine.kernel.ended).toEqual(['P.1+'])
    expect(simulation.state.processes.P).toMatchObject({ status: 'reaped', exit: { code: null, signal: 'SIGKILL' } })
  })

  test('it is an end that a handler can not keep back', () => {
    const handles = function* ({ shared: { base } }: Given): Program {
      yield* sigaction('SIGTERM', 'ignore')
      yield* int32(base).store(0, 1)
    }
    const all = everySchedule(faulty({ kill: true }, { P: handles }))
    expect(all).toMatchObject({ runs: 3, endings: { done: 3 } })
  })
})

describe('a fault', () => {
  test('takes no turn: the running thread still is, and no preemption is counted', () => {
    const simulation = started(faulty({ kill: true, most: 3 }, { P: stores(3), Q: stores(3, 1), R: stores(3, 2) }))
    const { machine } = simulation
    took(simulation, 'Q')
    for (let option = machine.ordinary; option < machine.options; option++)
      expect(isPreemption(machine, option)).toBe(false)
    took(simulation, '-P')
    expect(machine).toMatchObject({ kind: 'kill', runningGoesOn: true })
    expect(machine.actor?.id).toBe('P')
    expect(machine.running?.id).toBe('Q')
    expect(choiceOf(machine, 0)).toBe('Q')
    took(simulation, '-Q')
    expect(machine.runningGoesOn).toBe(false)
    expect(took(simulation)).toEqual(['R', '-R'])
  })

  test('need not happen, and saves nobody from a deadlock', () => {
    const P = function* ({ shared: { base } }: Given): Program {
      yield* sigaction('SIGUSR1', function* () {})
      yield* futex_wait(base, 0)
    }
    const faults: Faults = { kill: true, signal: true, spuriousWakeup: true, timeout: true }
    const simulation = started(faulty(faults, { P }))
    expect(took(simulation, 'P', 'P')).toEqual([])
    expect(simulation.machine).toMatchObject({ ordinary: 0, options: 0, faults: [] })
    expect(everySchedule(faulty(faults, { P })).endings.deadlock).toBeGreaterThan(0)
  })

  test('strikes one after the other, as often as is allowed', () => {
    const P = function* ({ shared: { base } }: Given): Program {
      for (let i = 0; i < 3; i++) yield* futex_wait(base, 0)
    }
    const simulation = started(faulty({ spuriousWakeup: true, most: 2 }, { P, Q: stores(4, 1) }))
    took(simulation, 'P', '~P', 'P', '~P')
    expect(took(simulation, 'P')).toEqual(['Q'])
    // And in the next run as often again.
    simulation.start()
    expect(took(simulation, 'P', '~P', 'P')).toEqual(['Q', '~P'])
  })

  test('never comes from a policy', () => {
    const faults: Faults = { kill: true, signal: 'SIGTERM', spuriousWakeup: true, timeout: true, most: 9 }
    const one = faulty(faults, {
      P: function* ({ shared: { base } }: Given): Program {
        yield* futex_wait(base, 0, 40)
        yield* sleep(10)
      },
      Q: stores(5, 1),
      R: function* (): Program {
        yield* sleep(15)
      },
    })
    for (const policy of [decider('fifo', '1'), decider('rr:quantum=1', '1'), decider('rr:quantum=3', '1')]) {
      const simulation = boot(one, { door: policy })
      simulation.start()
      policy.begin(simulation, 0)
      const kinds = new Set<string>()
      const outcome = run(simulation, policy, { maxSteps: 100, observers: [({ machine }) => kinds.add(machine.kind)] })
      expect(outcome.failure?.kind).toBe('uncaught error') // ETIMEDOUT
      expect(['kill', 'sent', 'spurious'].filter((kind) => kinds.has(kind))).toEqual([])
    }
  })

  test('in place, run after run, and on drafts all schedules are the same', () => {
    const P = function* ({ shared: { base } }: Given): Program {
      yield* sigaction('SIGUSR1', function* () {})
      yield* pthread_mutex_lock(base + 1024)
      try {
        yield* pthread_cond_timedwait(base + 512, base + 1024, fromNs(20))
      } catch {}
    }
    const Q = function* (): Program {
      yield* sleep(30)
    }
    const faults: Faults = { kill: true, signal: true, spuriousWakeup: true, timeout: true }
    for (const wakeOrder of ['any', 'fifo'] as const)
      expect(bothWays(faulty(faults, { P, Q }), { wakeOrder, limit: 20_000 })).toBeGreaterThan(200)
  })
})
