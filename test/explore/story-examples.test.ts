import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Story, storyLines } from '../../explore/index.ts'
import { pthread_cond_wait, pthread_mutex_lock, sem_init, sem_post, sem_wait } from '../../ipc/posix/index.ts'
import { assert, choose, int32, map_anonymous, type Program, type Scenario, scenario } from '../../kernel/index.ts'
import { failingCases, failingScenario } from '../helpers/failing-programs.ts'
import { firstFailing, recorded, told } from '../helpers/told.ts'

/** Stories of small failing runs, each about one thing. */

interface Shared {
  readonly base: number
}
type Body = (context: { readonly shared: Shared; readonly name: string }) => Program

/** Programs with four semaphores, of so many units at first, and a few words behind them. */
function sharing(units: readonly number[], programs: Record<string, Body>, more: object = {}): Scenario {
  return scenario('told', {
    *setup() {
      const base = yield* map_anonymous(512, { name: 'it' })
      for (const [at, value] of units.entries()) yield* sem_init(base + 32 * at, 1, value)
      return { base }
    },
    programs,
    expect: 'deadlock',
    ...more,
  })
}

const waits = (...sems: number[]): Body =>
  function* ({ shared: { base } }) {
    for (const sem of sems) yield* sem < 0 ? sem_post(base + 32 * (-sem - 1)) : sem_wait(base + 32 * (sem - 1))
  }

const inOneLine = (story: Story): string => storyLines(story).join(' ').replace(/ +/g, ' ')

describe('who waits for whom', () => {
  test('of a semaphore that counts what is free nobody is a holder: who gives it in other runs is waited for', () => {
    // 1 is the mutex, 2 counts free slots, 3 full ones; the producer takes the mutex first.
    const one = sharing([1, 1, 0], { P: waits(1, 2, -1, -3, 1, 2, -1, -3), C: waits(3, 1, -1, -2, 3, 1, -1, -2) })
    const story = told(one, recorded(one, ['P', 'P', 'P', 'P', 'P', 'C']))
    expect(story.circle).toEqual(['P', 'C'])
    const [producer, consumer] = story.waits
    expect(producer).toMatchObject({ thread: 'P', step: 5, heldBy: [], waitsFor: ['C'], forEver: true })
    expect(producer?.givenBy).toMatchObject([{ thread: 'C', known: 'elsewhere', step: null }])
    expect(consumer).toMatchObject({ thread: 'C', step: 6, heldBy: [{ thread: 'P', step: 5 }], waitsFor: ['P'] })
    expect(story.lastChance).toMatchObject({ step: 5, took: 'P', instead: 'C', certain: true })
  })

  test('who gives it in but one run in many is known from the run that ends well', () => {
    const one = sharing([0], {
      *P({ shared: { base } }) {
        if ((yield* choose(200)) === 150) yield* sem_post(base)
      },
      Q: waits(1),
    })
    const story = told(one, recorded(one, ['P', '?0']))
    expect(story.waits).toMatchObject([
      { thread: 'Q', givenBy: [{ thread: 'P', known: 'elsewhere' }], waitsFor: ['P'] },
    ])
  })

  test('of a word of memory that is waited for by looking, who wrote it last is waited for', () => {
    const enters = (own: number, other: number): Body =>
      function* ({ shared: { base } }) {
        yield* int32(base).store(own, 1)
        yield* int32(base).await_(other, (flag) => flag === 0)
        yield* int32(base).store(own, 0)
      }
    const one = sharing([], { P: enters(100, 101), Q: enters(101, 100) })
    const story = told(one, recorded(one, ['P', 'Q']))
    expect(story.circle).toEqual(['P', 'Q'])
    expect(inOneLine(story)).toMatch(/it\+404, last written by Q at step 2 \(story-examples\.test\.ts:\d+\)/)
  })

  test('several circles are told, the smallest first; who waits behind one is in none', () => {
    const one = sharing([1, 1, 1, 1], {
      A: waits(1, 2),
      B: waits(2, 3),
      C: waits(3, 1),
      D: waits(4, 4),
      E: waits(4),
    })
    const story = told(one, recorded(one, ['A', 'B', 'C', 'D']))
    expect(story.circles).toEqual([['D'], ['A', 'B', 'C']])
    expect(story.circle).toEqual(['D'])
    expect(story.waits.map(({ thread }) => thread)).toEqual(['A', 'B', 'C', 'D', 'E'])
    expect(story.hopeless?.certain).toBe(true) // D takes twice whatever happens
  })

  test('a thread waits for ever for one that has ended with it in hand', () => {
    const one = sharing([1], { A: waits(1), B: waits(1, -1) })
    const story = told(one, recorded(one, ['A']))
    expect(story).toMatchObject({
      circle: [],
      ended: ['A'],
      waits: [{ thread: 'B', heldBy: [{ thread: 'A', step: 1 }] }],
    })
  })
})

describe('the last chance', () => {
  test('may be a choice inside a step', () => {
    const one = sharing([0], {
      *P({ shared: { base } }) {
        if ((yield* choose(2)) === 0) yield* sem_post(base)
      },
      Q: waits(1),
    })
    const story = told(one, recorded(one, ['P', '?1']))
    expect(story.lastChance).toMatchObject({ step: 1, took: '?1', instead: '?0', certain: true, runs: 1 })
    expect(storyLines(story).join('\n')).toContain('had the choice there fallen on 0 instead of 1')
  })

  test('may be a fault, and the other way is one without', () => {
    const one = sharing([0], { P: waits(-1), Q: waits(1) }, { faults: { kill: ['P'] } })
    const story = told(one, recorded(one, ['-P']))
    expect(story.lastChance).toMatchObject({ step: 1, took: '-P', certain: true })
    expect(inOneLine(story)).toMatch(/had P gone first .*instead of P being killed/)
  })

  test('may be one from which but one schedule in many ends well', () => {
    const one = sharing([], {
      *P() {
        if ((yield* choose(2)) === 1) return
        yield* assert((yield* choose(300)) === 299, 'a lucky number')
      },
    })
    const story = told(one, recorded(one, ['P', '?0', 'P', '?0']))
    expect(story.lastChance).toMatchObject({ step: 2, took: '?0', instead: '?299', certain: true })
  })

  test('may lie behind something that went wrong from outside, and without which nothing ends well', () => {
    const one = sharing(
      [],
      {
        *P({ shared: { base } }) {
          yield* pthread_mutex_lock(base)
          yield* pthread_cond_wait(base + 64, base)
          yield* assert((yield* choose(2)) === 0, 'the other one')
        },
        *other() {
          yield* choose(1) // while somebody can go on, things can go wrong
        },
      },
      { faults: { spuriousWakeup: true } },
    )
    const story = told(one, recorded(one, ['P', 'P', '~P', 'P', 'P', '?1']))
    expect(story.lastChance).toMatchObject({ step: 5, took: '?1', instead: '?0', certain: true })
  })

  test('is not what something else going wrong could still save', () => {
    const one = sharing(
      [],
      {
        *P({ shared: { base } }) {
          if ((yield* choose(2)) === 0) return
          yield* pthread_mutex_lock(base)
          yield* pthread_cond_wait(base + 64, base)
        },
        *other() {
          yield* choose(1)
        },
      },
      { faults: { spuriousWakeup: true } },
    )
    const story = told(one, recorded(one, ['P', '?1', 'P', 'P', 'other']))
    expect(story.lastChance).toMatchObject({ step: 1, took: '?1', instead: '?0', certain: true })
  })

  test('is not certain where ways on were given up for their length', () => {
    const one = sharing([], {
      *P({ shared: { base } }) {
        if ((yield* choose(2)) === 0) return
        const long = (yield* choose(2)) === 1
        for (let i = 0; i < 1000 && long; i++) yield* int32(base).load(100)
        yield* assert(long, 'it takes its time')
      },
    })
    const story = told(one, recorded(one, ['P', '?1', 'P', '?0']))
    expect(story.lastChance).toMatchObject({ step: 1, took: '?1', instead: '?0', certain: false })
  })

  test('a run that is not over has none, and one made by a policy whose time mattered need not', () => {
    const one = sharing([1], {
      *P({ shared: { base } }) {
        for (;;) yield* int32(base).load(100)
      },
    })
    const story = told(one, recorded(one, [], { maxSteps: 50 }))
    expect(story).toMatchObject({ kind: 'step limit', lastChance: null, hopeless: null, waits: [] })
  })

  test('says so when the budget was not enough to be certain', () => {
    const steps: Body = function* ({ shared: { base } }) {
      for (let i = 0; i < 6; i++) yield* int32(base).load(100)
    }
    const late: Body = function* ({ shared: { base } }) {
      const seen = yield* int32(base).load(100)
      for (let i = 0; i < 6; i++) yield* int32(base).load(100)
      yield* assert(seen === 1, 'it was there')
    }
    const one = sharing([1], {
      late,
      *sets({ shared: { base } }) {
        yield* int32(base).store(100, 1)
      },
      A: steps,
      B: steps,
    })
    const story = told(one, recorded(one, ['late']), { budget: { runs: 100, steps: 10_000 } })
    expect(story.lastChance).toMatchObject({ step: 1, took: 'late', certain: false })
    expect(story.lastChance?.runs).toBeGreaterThan(20)
    expect(inOneLine(story)).toMatch(/after that none of \d+ schedules that were tried ends well/)
  })
})

test('behind a broken assertion: who wrote last what it went by, and that it had been read before that', () => {
  const increments: Body = function* ({ shared: { base } }) {
    const seen = yield* int32(base).load(100)
    yield* int32(base).store(100, seen + 1)
  }
  const one = sharing(
    [],
    { P: increments, Q: increments },
    {
      atEnd: {
        'both count': ({ load, shared }: { load: (at: number, type: 'i32') => number; shared: Shared }) =>
          load(shared.base + 400, 'i32') === 2,
      },
    },
  )
  const story = told(one, recorded(one, ['P', 'Q', 'Q', 'P']))
  expect(story.writes).toMatchObject([
    { place: 'it+400', thread: 'Q', step: 3, call: 'store(it+400, 1)', readBefore: { thread: 'P', step: 1 } },
  ])
  expect(story.lastChance).toMatchObject({ step: 2, took: 'Q', instead: 'P', certain: true })

  // What reads as it writes goes by nothing old.
  const adds: Body = function* ({ shared: { base } }) {
    yield* int32(base).load(100)
    yield* int32(base).add(100, 1)
  }
  const three = sharing([], { P: adds, Q: adds }, { atEnd: { 'are three': () => false } })
  expect(told(three, recorded(three, ['P', 'Q', 'Q', 'P'])).writes).toMatchObject([{ step: 3, readBefore: null }])

  // Its own writes it knows of itself.
  const broken = sharing([], {
    *P({ shared: { base } }) {
      yield* int32(base).store(100, 1)
      yield* assert((yield* int32(base).load(100)) === 2, 'it is two')
    },
    *Q({ shared: { base } }) {
      yield* int32(base).store(100, 2)
    },
  })
  expect(told(broken, recorded(broken, ['Q', 'P', 'P'])).writes).toMatchObject([
    { thread: 'Q', step: 1, readBefore: null },
  ])
})

test('of random failures every story can be told, in lines no wider than a page', () => {
  let count = 0
  fc.assert(
    fc.property(failingCases, (one) => {
      const failing = failingScenario(one)
      const trace = firstFailing(failing, one.seed, 3)
      fc.pre(trace !== null)
      const story = told(failing, trace, { budget: { runs: 50, steps: 2_000 } })
      const waiting = new Set(story.waits.map(({ thread }) => thread))
      for (const circle of story.circles) for (const id of circle) expect(waiting.has(id)).toBe(true)
      for (const line of storyLines(story)) expect(line.length).toBeLessThanOrEqual(100)
      expect(story.lastChance === null || story.hopeless === null).toBe(true)
      count += 1
    }),
    { numRuns: 50 },
  )
  expect(count).toBeGreaterThan(30)
})
