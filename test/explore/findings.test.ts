import { describe, expect, test } from 'vitest'
import { type Finding, findings } from '../../explore/index.ts'
import {
  pthread_cond_broadcast,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from '../../ipc/posix/index.ts'
import {
  compute,
  int32,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  sleep,
  type WakeOrder,
} from '../../kernel/index.ts'
import { type Decider, decider, replay } from '../../scheduler/index.ts'
import { recorded } from '../helpers/told.ts'

/** What has a name of its own: each is planted once, and not seen where it is mended. */

interface Shared {
  readonly word: ReturnType<typeof int32>
  readonly mutex: number
  readonly cond: number
  readonly sem: number
}
type Body = (context: { readonly shared: Shared; readonly index: number }) => Program
type Spec = Body | { readonly program: Body; readonly copies?: number; readonly priority?: number }

function sharing(programs: Record<string, Spec>, wakeOrder: WakeOrder = 'any'): Scenario {
  return scenario('found', {
    *setup() {
      const word = int32(yield* map_anonymous(4, { name: 'word' }))
      const mutex = yield* map_anonymous(40, { name: 'mutex' })
      const cond = yield* map_anonymous(48, { name: 'cond' })
      const sem = yield* map_anonymous(32, { name: 'sem' })
      yield* sem_init(sem, 1, 1)
      return { word, mutex, cond, sem }
    },
    programs,
    expect: 'holds',
    wakeOrder,
  })
}

const seen = (one: Scenario, by: readonly string[] | Decider): Finding[] => findings(one, recorded(one, by))

const names = (one: Scenario, by: readonly string[] | Decider): string[] => seen(one, by).map(({ name }) => name)

/** Of many random runs, the names of what is found. */
function everywhere(one: Scenario, runs = 40): Set<string> {
  return new Set(Array.from({ length: runs }, (_, i) => names(one, decider('random', String(i)))).flat())
}

describe('lost wake-up', () => {
  const setter: Body = function* ({ shared: { word, mutex, cond } }) {
    yield* pthread_mutex_lock(mutex)
    yield* word.store(0, 1)
    yield* pthread_cond_signal(cond)
    yield* pthread_mutex_unlock(mutex)
  }
  const waiter = (looks: boolean): Body =>
    function* ({ shared: { word, mutex, cond } }) {
      yield* pthread_mutex_lock(mutex)
      while (!looks || (yield* word.load()) === 0) {
        yield* pthread_cond_wait(cond, mutex)
        if (!looks) break
      }
      yield* pthread_mutex_unlock(mutex)
    }
  const planted = sharing({ setter, waiter: waiter(false) })

  test('a signal finds nobody, and somebody waits for it for ever', () => {
    const [found, ...others] = seen(planted, ['setter', 'setter', 'setter', 'setter'])
    expect(others).toEqual([])
    expect(found).toMatchObject({
      name: 'lost wake-up',
      object: 'condition variable at cond+0',
      threads: ['waiter', 'setter'],
      steps: [3, 6],
    })
    expect(found?.text).toMatch(
      /pthread_cond_signal by setter at step 3 \(findings\.test\.ts:\d+\) finds nobody waiting/,
    )
  })

  test('not where the signal came in time, nor where the waiter looks first', () => {
    expect(names(planted, ['waiter', 'waiter', 'setter'])).toEqual([])
    expect(everywhere(sharing({ setter, waiter: waiter(true) }))).toEqual(new Set())
  })

  test('not where somebody waits for ever for another reason', () => {
    const one = sharing({
      setter,
      *other({ shared: { sem } }) {
        yield* sem_wait(sem)
        yield* sem_wait(sem)
      },
    })
    expect(names(one, [])).toEqual([])
  })

  test("not by a signal of the waiter's own, nor where a later signal reached somebody else", () => {
    const own = sharing({
      *waiter({ shared: { mutex, cond } }) {
        yield* pthread_cond_signal(cond)
        yield* pthread_mutex_lock(mutex)
        yield* pthread_cond_wait(cond, mutex)
      },
    })
    expect(names(own, [])).toEqual([])
    const two = sharing({ setter, again: setter, waiter: { program: waiter(false), copies: 2 } })
    const firstTooEarly = ['setter', 'setter', 'setter', 'setter', 'waiter1', 'waiter1', 'waiter2', 'waiter2', 'again']
    expect(names(two, firstTooEarly)).toEqual([])
  })
})

describe('thundering herd', () => {
  const worker: Body = function* ({ shared: { word, mutex, cond } }) {
    yield* pthread_mutex_lock(mutex)
    while ((yield* word.load()) === 0) yield* pthread_cond_wait(cond, mutex)
    yield* word.add(0, -1)
    yield* pthread_mutex_unlock(mutex)
  }
  const giver = (wakes: typeof pthread_cond_signal, jobs: number): Body =>
    function* ({ shared: { word, mutex, cond } }) {
      yield* pthread_mutex_lock(mutex)
      yield* word.add(0, jobs)
      yield* wakes(cond)
      yield* pthread_mutex_unlock(mutex)
    }
  const with_ = (giving: Body, copies = 3): Scenario =>
    sharing({ worker: { program: worker, copies }, giver: giving }, 'fifo')

  test('one job, and all are woken: all but one go back to sleep', () => {
    const [found, ...others] = seen(with_(giver(pthread_cond_broadcast, 1)), decider('fifo', '1'))
    expect(others).toEqual([])
    expect(found).toMatchObject({
      name: 'thundering herd',
      object: 'condition variable at cond+0',
      threads: ['worker1', 'worker2', 'worker3'],
    })
    const [step, ...again] = found?.steps ?? []
    expect(again).toHaveLength(2)
    expect(again.every((one) => one > (step ?? 0))).toBe(true)
    expect(found?.text).toMatch(/pthread_cond_broadcast by giver at step \d+ \(findings\.test\.ts:\d+\) wakes 3/)
  })

  test('not where those who wait again have done something, nor where there was more in between', () => {
    const busy: Body = function* ({ shared: { word, mutex, cond } }) {
      yield* pthread_mutex_lock(mutex)
      for (let round = 0; round < 2; round++) {
        while ((yield* word.load()) === 0) yield* pthread_cond_wait(cond, mutex)
        yield* word.add(0, -1)
      }
      yield* pthread_mutex_unlock(mutex)
    }
    const each = sharing({ worker: { program: busy, copies: 3 }, giver: giver(pthread_cond_broadcast, 3) }, 'fifo')
    expect(names(each, decider('fifo', '1'))).toEqual([])
    const again = sharing({
      worker: { program: worker, copies: 3 },
      giver: giver(pthread_cond_broadcast, 1),
      more: giver(pthread_cond_broadcast, 0),
    })
    const asleep = ['worker1', 'worker2', 'worker3'].flatMap((id) => [id, id, id])
    const woken = [...asleep, 'giver', 'giver', 'giver', 'giver']
    const backToSleep = (id: string): string[] => [id, id, id]
    const first = ['worker1', 'worker1', 'worker1', 'worker1', ...backToSleep('worker2')]
    expect(names(again, [...woken, ...first, ...backToSleep('worker3')])).toEqual(['thundering herd'])
    expect(names(again, [...woken, ...first, 'more', 'more', 'more', 'more'])).toEqual([])
  })

  test('not where one is woken, where there is enough for two, or where they are but two', () => {
    expect(names(with_(giver(pthread_cond_signal, 1)), decider('fifo', '1'))).toEqual([])
    expect(names(with_(giver(pthread_cond_broadcast, 2)), decider('fifo', '1'))).toEqual([])
    expect(names(with_(giver(pthread_cond_broadcast, 1), 2), decider('fifo', '1'))).toEqual([])
    expect(everywhere(with_(giver(pthread_cond_broadcast, 3)))).toEqual(new Set())
  })
})

describe('convoy', () => {
  const worker = (rounds: number, outside: boolean): Body =>
    function* ({ shared: { word, mutex } }) {
      for (let round = 0; round < rounds; round++) {
        yield* pthread_mutex_lock(mutex)
        yield* word.add(0, 1)
        if (!outside) yield* sleep(100)
        yield* pthread_mutex_unlock(mutex)
        if (outside) yield* sleep(100)
      }
    }
  const of = (rounds: number, outside = false, copies = 3): Scenario =>
    sharing({ worker: { program: worker(rounds, outside), copies } })

  test('three stand in line for one lock, and whoever has had it stands in line again', () => {
    const [found, ...others] = seen(of(4), decider('rr', '1'))
    expect(others).toEqual([])
    expect(found).toMatchObject({
      name: 'convoy',
      object: 'mutex at mutex+0',
      threads: expect.arrayContaining(['worker2']),
    })
    expect(found?.threads).toHaveLength(3)
    expect(found?.steps.length).toBeGreaterThanOrEqual(9)
  })

  /** Who takes the lock, and gives it back, one after the other; small letters: does something in between. */
  function inTurn(order: string): string[] {
    const step: Body = function* ({ shared: { word } }) {
      yield* word.load()
    }
    const takes = (first: boolean, busy = first): Body =>
      function* (context) {
        if (first) yield* step(context)
        for (let i = 0; i < 8; i++) {
          yield* sem_wait(context.shared.sem)
          yield* sem_post(context.shared.sem)
          if (busy) yield* step(context)
        }
      }
    const busy = /[a-z]/.test(order)
    const one = sharing({ A: takes(busy), B: takes(busy), C: takes(busy), D: takes(true, false) })
    const schedule = [...order].flatMap((who) =>
      who === who.toLowerCase() ? [who.toUpperCase()] : who === 'D' ? ['D', 'D', 'D'] : [who, who],
    )
    return names(one, schedule) // and then one goes on until it ends, which is no convoy
  }

  test('not where one of the takings had not to be waited for, or whoever gave it back came late', () => {
    expect(inTurn('ABCABCABC')).toEqual([]) // the first A has not waited
    expect(inTurn('ABCABCABCA')).toEqual(['convoy'])
    expect(inTurn('ABCABDCABCA')).toEqual([]) // D finds it free
    expect(inTurn('ABCABCABCAABCABCABCA')).toEqual(['convoy']) // twice the same is told once
    expect(inTurn('abcABCabAcBaCbAcBaCbAcBaCbA')).toEqual([])
  })

  test('not where the lock is given back before the long wait, where it is over soon, or where they are but two', () => {
    expect(names(of(6, true), decider('rr', '1'))).toEqual([])
    expect(names(of(3), decider('rr', '1'))).toEqual([])
    expect(names(of(6, false, 2), decider('rr', '1'))).toEqual([])
  })
})

describe('priority inversion', () => {
  const low: Body = function* ({ shared: { word, sem } }) {
    yield* sem_wait(sem)
    yield* compute(10)
    yield* word.add(0, 1)
    yield* sem_post(sem)
  }
  const middle: Body = function* () {
    yield* sleep(8)
    for (let i = 0; i < 4; i++) yield* compute(10)
  }
  const high: Body = function* ({ shared: { word, sem } }) {
    yield* sleep(5)
    yield* sem_wait(sem)
    yield* word.add(0, 1)
    yield* sem_post(sem)
  }
  const of = (lowest: number, more: Record<string, Spec> = {}): Scenario =>
    sharing({
      low: { program: low, priority: lowest },
      middle: { program: middle, priority: 2 },
      high: { program: high, priority: 3 },
      ...more,
    })
  const byPriority = (): Decider => decider('priority', '1')

  test('the most urgent waits for the least, which the one between keeps from going on', () => {
    const [found, ...others] = seen(of(1), byPriority())
    expect(others).toEqual([])
    expect(found).toMatchObject({
      name: 'priority inversion',
      object: 'semaphore at sem+0',
      threads: ['high', 'middle', 'low'],
    })
    expect(found?.text).toMatch(
      /^high \(priority 3\) is blocked on semaphore at sem\+0 for \d+ units of time \(findings\.test\.ts:\d+\)/,
    )
    expect(found?.text).toMatch(/middle \(priority 2\), who does not need it, has the CPU$/)
  })

  test('not where whoever has the lock is as urgent as any who wants it', () => {
    expect(names(of(3), byPriority())).toEqual([])
    expect(everywhere(of(3))).toEqual(new Set())
  })

  test('not where the one in between is as urgent as one of the two, or whoever has the lock could not go on', () => {
    const with_ = (priority: number, lowest: Body): Scenario =>
      sharing({
        low: { program: lowest, priority: 1 },
        middle: { program: middle, priority },
        high: { program: high, priority: 3 },
        other: { program: middle, priority: 7 },
      })
    const sleepsInside: Body = function* ({ shared: { sem } }) {
      yield* sem_wait(sem)
      yield* sleep(1000)
      yield* sem_post(sem)
    }
    expect(names(with_(2, low), byPriority())).toEqual(['priority inversion'])
    expect(names(with_(3, low), byPriority())).toEqual([])
    expect(names(with_(1, low), byPriority())).toEqual([])
    expect(names(with_(2, sleepsInside), byPriority())).toEqual([])
  })

  test('not where the one between wants the lock, too, or where somebody more urgent lets it pass', () => {
    const wants = sharing({
      low: { program: low, priority: 1 },
      middle: {
        *program(context) {
          yield* sleep(8)
          yield* compute(10)
          yield* low(context)
        },
        priority: 2,
      },
      high: { program: high, priority: 3 },
    })
    expect(names(wants, byPriority())).toEqual([])
    // A decider that knows no priorities lets the middle one go although 'top' could.
    const passed = of(1, {
      *top({ shared: { word } }) {
        yield* word.load()
      },
    })
    const raised = sharing({
      low: { program: low, priority: 1 },
      middle: { program: middle, priority: 2 },
      high: { program: high, priority: 3 },
      top: {
        *program({ shared: { word } }) {
          yield* word.load()
        },
        priority: 4,
      },
    })
    const schedule = ['low', 'high', 'middle', '!high', '!middle', 'middle', 'middle']
    expect(names(passed, replay(schedule))).toContain('priority inversion')
    expect(names(raised, replay(schedule))).not.toContain('priority inversion')
  })

  test('not where all are as urgent as each other', () => {
    const equals = sharing({ low, middle, high })
    expect(everywhere(equals)).toEqual(new Set())
  })
})
