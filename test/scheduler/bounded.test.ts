import fc from 'fast-check'
import { boot, type Simulation } from 'ipclab/kernel'
import { type Decider, dfs, pct, run, witnessed } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { independent } from '../helpers/deciding.ts'
import { cases, scenarioOf } from '../helpers/random-programs.ts'

/** Searches that don't make every schedule: within a bound on preemptions, and by random priorities. */

interface Made {
  readonly text: string
  readonly preemptions: number
}

/** Every schedule that the decider makes, in order, while it has any and at most so many. */
function schedulesOf(simulation: Simulation, decider: Decider, most = 100_000): Made[] {
  const all: Made[] = []
  for (let index = 0; index < most; index++) {
    let begun = false
    const one = witnessed({ ...decider, begin: () => begun, next: decider.next, pick: decider.pick })
    simulation.machine.kernel.door = one
    simulation.start()
    begun = decider.begin(simulation, index)
    if (!one.begin(simulation, 0)) break
    run(simulation, one, { maxSteps: 200 })
    const { choices, preemptions } = one.schedule()
    all.push({ text: choices.join(' '), preemptions })
  }
  return all
}

const door = { pick: () => 0 }
const unique = (made: readonly Made[]): Set<string> => new Set(made.map(({ text }) => text))

describe('depth first within a bound on preemptions', () => {
  test.each([
    [[2, 2], 0, 2],
    [[2, 2], 1, 4],
    [[2, 2], 2, 6],
    [[1, 1, 1], 0, 6],
    [[2, 2, 2], 0, 6],
  ])('of %j steps with at most %i preemptions there are %i', (lengths, preemptions, count) => {
    const search = dfs({ preemptions })
    expect(unique(schedulesOf(boot(independent(...lengths), { door }), search)).size).toBe(count)
    expect(search.complete).toBe(count === 6 && lengths.length === 2 ? true : lengths[0] === 1)
  })

  test('makes exactly the schedules that have no more, those with fewer first', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 3 }), (one, preemptions) => {
        const simulation = boot(scenarioOf(one), { door })
        const all = schedulesOf(simulation, dfs(), 500)
        fc.pre(all.length < 500)
        const search = dfs({ preemptions })
        const within = schedulesOf(simulation, search)
        expect(unique(within)).toEqual(unique(all.filter((made) => made.preemptions <= preemptions)))
        const most = Math.max(...all.map((made) => made.preemptions))
        expect(search.complete).toBe(most <= preemptions)
        expect(search.bound).toBe(Math.min(most, preemptions))
        // Once a schedule with n is made, all that have fewer were made before.
        const fewest = new Map<string, number>()
        for (const { text, preemptions } of within) if (!fewest.has(text)) fewest.set(text, preemptions)
        const order = [...fewest.values()]
        expect(order).toEqual([...order].sort((a, b) => a - b))
      }),
      { numRuns: 40 },
    )
  })
})

describe('pct', () => {
  const learned = (depth: number, runs: number): Decider => {
    const decider = pct('seed', depth)
    schedulesOf(boot(independent(3, 3), { door }), decider, runs)
    return decider
  }

  test('depends on the seed alone', () => {
    const simulation = boot(independent(4, 4, 4), { door })
    const of = (seed: string) => schedulesOf(simulation, pct(seed), 50).map(({ text }) => text)
    expect(of('a')).toEqual(of('a'))
    expect(of('a')).not.toEqual(of('b'))
  })

  test('learns the number of threads and of steps, and says what is published of its chance', () => {
    expect(learned(3, 100).promise?.()).toMatch(
      /^pct finds a bug of depth 3 in a run with probability at least 1\/\(n k\^2\) = 1\/72 \(n = 2 threads, k = 6 steps\): in the 99 runs made since these were seen, at least 7[45]%$/,
    )
    expect(learned(1, 3).promise?.()).toContain('1/n = 1/2 (n = 2 threads, k = 6 steps): in the 2 runs')
    expect(pct('seed').promise?.()).toBe(null)
  })

  test('is told how long runs are, and promises nothing when they are longer', () => {
    const told = (k: number): Decider => {
      const decider = pct('seed', 2, k)
      schedulesOf(boot(independent(3, 3), { door }), decider, 10)
      return decider
    }
    expect(told(8).promise?.()).toContain('1/(n k) = 1/16 (n = 2 threads, k = 8 steps): in the 9 runs')
    expect(told(5).promise?.()).toBe(null)
    const simulation = boot(independent(6, 6), { door })
    for (const seed of ['a', 'b', 'c', 'd'])
      expect(schedulesOf(simulation, pct(seed, 1, 12), 1).map(({ preemptions }) => preemptions)).toEqual([0])
    expect(() => pct('seed', 2, -1)).toThrow('the steps of pct are a whole number, not -1')
  })

  test('preempts at most depth - 1 times after the first run', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.string(), (depth, seed) => {
        const made = schedulesOf(boot(independent(6, 6, 6), { door }), pct(seed, depth), 40)
        for (const { preemptions } of made.slice(1)) expect(preemptions).toBeLessThan(depth)
      }),
      { numRuns: 50 },
    )
  })

  test('comes to every schedule that its depth allows', () => {
    const simulation = boot(independent(2, 2), { door })
    expect(unique(schedulesOf(simulation, pct('x', 1), 200).slice(1)).size).toBe(2)
    expect(unique(schedulesOf(simulation, pct('x', 3), 500)).size).toBe(6)
  })
})
