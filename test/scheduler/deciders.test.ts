import fc from 'fast-check'
import { BadInput, boot, choose, compareExchange, futex_wait, futex_wake, int32, type Program } from 'ipclab/kernel'
import {
  Departure,
  decider,
  dfs,
  indexed,
  logged,
  numbers,
  random,
  readSchedule,
  replay,
  run,
  writeSchedule,
} from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { recordSteps } from '../helpers/both.ts'
import { type Given, independent, made, once } from '../helpers/deciding.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'
import { everySchedule } from '../helpers/schedules.ts'

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))

describe('dfs', () => {
  test.each([[[1]], [[3]], [[1, 1]], [[2, 3]], [[2, 2, 2]], [[1, 2, 3]], [[1, 1, 1, 1]], [[4, 4]]])(
    'makes every interleaving of %j steps once',
    (lengths) => {
      const { runs, complete } = everySchedule(independent(...lengths))
      const total = lengths.reduce((sum, length) => sum + length, 0)
      expect(runs).toBe(factorial(total) / lengths.reduce((product, length) => product * factorial(length), 1))
      expect(complete).toBe(true)
    },
  )

  test('no two runs are the same', () => {
    const seen = new Set<string>()
    const search = logged(dfs())
    const simulation = boot(independent(2, 2, 2), { door: search })
    for (let index = 0; ; index++) {
      simulation.start()
      if (!search.begin(simulation, index)) break
      seen.add(recordSteps(simulation, search).lines.join('\n'))
    }
    expect(seen.size).toBe(90)
  })

  test.each<[string, number, () => Record<string, (context: Given) => Program>]>([
    ['counter-rw N=2,K=3', 924, () => crowd(2, counterRw(3))],
    ['counter-rw N=3,K=1', 90, () => crowd(3, counterRw(1))],
    ['counter-rw N=4,K=1', 2520, () => crowd(4, counterRw(1))],
    ['counter-faa N=3,K=3', 1680, () => crowd(3, counterFaa(3))],
    ['casw N=2', 6, () => crowd(2, casw)],
    ['casw N=4', 2520, () => crowd(4, casw)],
  ])('makes as many runs of %s as a separate count says: %i', (_name, interleavings, programs) => {
    expect(everySchedule(made(programs())).runs).toBe(interleavings)
  })

  test('tries every choice inside steps, whoever asks for it', () => {
    const seen: string[] = []
    const { runs } = everySchedule(
      made({
        *P({ ghost }) {
          const a = yield* choose(3)
          ghost.push(`${a}${yield* choose(a + 1)}`)
        },
      }),
      { after: ({ ghost }) => seen.push(...(ghost as string[])) },
    )
    expect(seen).toEqual(['00', '10', '11', '20', '21', '22'])
    expect(runs).toBe(6)
  })

  test('a program that goes another way the second time is the program’s fault, and told so', () => {
    let runs = 0
    const one = made({
      *P() {
        runs += 1
        if (runs > 1) yield* choose(2)
        yield* choose(3)
      },
    })
    expect(() => everySchedule(one)).toThrow(BadInput)
    runs = 0
    expect(() => everySchedule(one)).toThrow('a program keeps state between runs')
  })
})

const crowd = (
  count: number,
  program: (at: number) => (context: Given) => Program,
): Record<string, (context: Given) => Program> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`T${at}`, program(at)]))

const counterRw = (times: number) => () =>
  function* ({ shared }: Given): Program {
    const x = int32(shared.base)
    for (let i = 0; i < times; i++) yield* x.store(0, (yield* x.load()) + 1)
  }
const counterFaa = (times: number) => () =>
  function* ({ shared }: Given): Program {
    for (let i = 0; i < times; i++) yield* int32(shared.base).add(0, 1)
  }
const casw = (at: number) =>
  function* ({ shared }: Given): Program {
    yield* compareExchange(shared.base, 'i32', 0, at + 1)
    yield* int32(shared.base).store(0, at + 1)
  }

describe('random', () => {
  test('depends on the seed alone', () => {
    const orders = (seed: string) => {
      const walk = random(seed)
      const simulation = boot(independent(5, 5), { door: walk })
      return Array.from({ length: 5 }, (_, index) => {
        simulation.start()
        walk.begin(simulation, index)
        return recordSteps(simulation, walk).lines.join()
      })
    }
    expect(orders('a')).toEqual(orders('a'))
    expect(orders('a')).not.toEqual(orders('b'))
  })

  test('takes every option about as often as any other', () => {
    const counts: Record<string, number> = {}
    const walk = random('uniform')
    const simulation = boot(independent(1, 1, 1), { door: walk })
    for (let index = 0; index < 6000; index++) {
      simulation.start()
      const order: string[] = []
      run(simulation, walk, { maxSteps: 10, observers: [({ machine }) => order.push(machine.actor?.id ?? '')] })
      counts[order.join()] = (counts[order.join()] ?? 0) + 1
    }
    expect(Object.keys(counts)).toHaveLength(6)
    // 1000 expected each; five standard deviations of a binomial are 144.
    for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(145)
  })

  test('numbers below n are all of them and none else', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 20 }), (seed, n) => {
        const stream = numbers(seed)
        for (let i = 0; i < 50; i++) {
          const number = stream.below(n)
          expect(Number.isInteger(number) && number >= 0 && number < n).toBe(true)
        }
      }),
    )
  })
})

describe('schedules', () => {
  const name = fc.stringMatching(/^[A-Za-z_$][\w$]{0,5}(\/\d{1,2}|\.\d{1,2}\+)?$/)
  const choice = fc.oneof(
    name,
    name.map((id) => `!${id}`),
    name.map((id) => `>${id}`),
    fc.nat(20).map((n) => `?${n}`),
  )

  test('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(choice, fc.integer({ min: 1, max: 4 }))), (runs) => {
        const choices = runs.flatMap(([one, times]) => Array.from({ length: times }, () => one))
        expect(readSchedule(writeSchedule(choices))).toEqual(choices)
      }),
    )
  })

  test('are read as people write them', () => {
    expect(readSchedule(' P, P*3\n C ?2 ')).toEqual(['P', 'P', 'P', 'P', 'C', '?2'])
    expect(readSchedule('')).toEqual([])
  })

  test.each(['P*0', '*3', 'P*99999999'])('%s is no choice, and the message shows what is', (text) => {
    expect(() => readSchedule(`P ${text} Q`)).toThrow(BadInput)
    expect(() => readSchedule(text)).toThrow(`'${text}' in the schedule is no choice; write thread names`)
  })

  test('replayed by identity, a run is the same, with its choices, picks and timers', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const walk = logged(random(one.seed))
        const simulation = boot(scenarioOf(one), { door: walk, once: true })
        simulation.start()
        const first = recordSteps(simulation, walk, 200)
        const named = indexed(walk.taken())
        const second = boot(scenarioOf(one), { door: named, once: true })
        second.start()
        recordSteps(second, named, 200)
        const { choices, steps } = named.schedule()
        expect(steps).toBe(first.lines.length)
        const reader = replay(readSchedule(writeSchedule(choices)))
        const third = boot(scenarioOf(one), { door: reader, once: true })
        third.start()
        expect(recordSteps(third, reader, 200)).toEqual(first)
      }),
      { numRuns: 150 },
    )
  })

  test('a wake-up that fell on somebody is replayed on the same one', () => {
    const one = made({
      ...Object.fromEntries(['A', 'B', 'C'].map((name) => [name, waits(name)])),
      *Q({ shared }) {
        yield* futex_wake(shared.base, 1)
      },
    })
    expect(once(one, replay(readSchedule('A B C Q >B B'))).ghost).toBe('B')
    expect(once(one, replay(readSchedule('A B C Q >C C'))).ghost).toBe('C')
    expect(() => once(one, replay(readSchedule('A B C Q >Q')))).toThrow(
      "step 4: the schedule says '>Q', which can't happen here; what can is >A, >B, >C",
    )
  })

  test('where the list is over, the running thread goes on', () => {
    expect(once(independent(2, 2), replay(['T1'])).order).toBe('T1 T1 T0 T0')
  })

  test.each([
    ['T0 T0 T0', 3, 'T0', 'T1'],
    ['nobody', 1, 'nobody', 'T0, T1'],
    ['T0 !T0', 2, '!T0', 'T0, T1'],
    ['?1', 1, '?1', 'T0, T1'],
  ])('%s parts from the machine at step %i, and the message names what could be', (text, step, said, found) => {
    const departs = () => once(independent(2, 2), replay(readSchedule(text)))
    expect(departs).toThrow(Departure)
    expect(departs).toThrow(`step ${step}: the schedule says '${said}', which can't happen here; what can is ${found}`)
  })

  test('a switch away from a thread that could have gone on is a preemption', () => {
    const preemptions = (text: string): number => {
      const walk = logged(replay(readSchedule(text)))
      once(independent(2, 2), walk)
      const again = indexed(walk.taken())
      once(independent(2, 2), again)
      return again.schedule().preemptions
    }
    expect(preemptions('T0 T0 T1 T1')).toBe(0)
    expect(preemptions('T1 T1 T0 T0')).toBe(0)
    expect(preemptions('T0 T1 T1 T0')).toBe(1)
    expect(preemptions('T0 T1 T0 T1')).toBe(2)
  })
})

const waits = (name: string) =>
  function* ({ ghost, shared }: Given): Program {
    yield* futex_wait(shared.base, 0)
    ghost.push(name)
  }

test.each([
  [
    'nonsense',
    "there is no strategy or policy 'nonsense'; there are random, pct, pos, surw, urw, dfs, dpor, fifo, sjf, srtf, rr, priority, mlfq, lottery, stride, cfs, eevdf, edf, rate-monotonic",
  ],
  ['random:2', "'random:2': random takes no options; write random alone"],
  ['pos:2', "'pos:2': pos takes no options; write pos alone"],
  ['dfs:depth=3', "'dfs:depth=3': dfs takes a number of preemptions of at least 0, as in dfs:preemptions=2"],
  ['pct:depth=0', "'pct:depth=0': pct takes a depth of at least 1, as in pct:depth=2"],
  [
    'rr:quantum=0',
    "'rr:quantum=0': quantum takes a time of at least 1ns, as in quantum=2ms, quantum=500us or quantum=3 for ns",
  ],
  ['rr:speed=1', "'rr:speed=1': there is no 'speed'; it takes quantum"],
  ['rr:2:3', "'rr:2:3': '3' is one too many"],
  ['', "there is no strategy or policy ''"],
])('the decider %j is refused: %s', (text, message) => {
  expect(() => decider(text, '1')).toThrow(BadInput)
  expect(() => decider(text, '1')).toThrow(message)
})
