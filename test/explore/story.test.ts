import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Id, Scenario } from '../../kernel/index.ts'
import { type Choice, dfs, isPick, KILLED } from '../../scheduler/index.ts'
import { withChoices } from '../../trace/index.ts'
import { type Held, holdersAtEnd, lockers, lockersCases, smallCases } from '../helpers/lockers.ts'
import { tally } from '../helpers/schedules.ts'
import { firstFailing, told } from '../helpers/told.ts'

/** Every circle of a graph in which each waits for at most one, as a sorted list of its members. */
function circlesByBruteForce(next: ReadonlyMap<Id, Id>): string[] {
  const circles = new Set<string>()
  for (const start of next.keys()) {
    const way = [start]
    for (let id = next.get(start); id !== undefined && way.length <= next.size; id = next.get(id)) {
      if (id === start) {
        circles.add([...way].sort().join(' '))
        break
      }
      way.push(id)
    }
  }
  return [...circles].sort()
}

describe('who waits for whom', () => {
  test('the story names exactly the threads in the circles, who holds what since when, and since when each waits', () => {
    let circles = 0
    let behind = 0
    fc.assert(
      fc.property(lockersCases, (one) => {
        const scenario = lockers(one)
        const trace = firstFailing(scenario, one.seed, 8)
        fc.pre(trace !== null)
        const story = told(scenario, trace, { budget: { runs: 0, steps: 0 } })
        const held = holdersAtEnd(trace)
        const waiting = trace.verdict.failure?.waiting.filter(({ thread }) =>
          trace.verdict.failure?.threads.includes(thread),
        )
        const lockOf = new Map(waiting?.map(({ thread, args }) => [thread, Number(args.sem ?? args.mutex)]))
        const next = new Map<Id, Id>()
        for (const [thread, lock] of lockOf) next.set(thread, held.get(lock)?.thread ?? 'nobody')

        const found = circlesByBruteForce(next)
        expect(story.circles.map((circle) => [...circle].sort().join(' ')).sort()).toEqual(found)
        expect(story.circle.length).toBe(Math.min(...found.map((circle) => circle.split(' ').length)))
        for (const circle of story.circles)
          for (const [at, id] of circle.entries()) expect(next.get(id)).toBe(circle[(at + 1) % circle.length])

        expect(story.waits.map(({ thread }) => thread).sort()).toEqual([...lockOf.keys()].sort())
        for (const wait of story.waits) {
          const holder = held.get(lockOf.get(wait.thread) ?? -1) as Held
          expect(wait.heldBy).toMatchObject([{ thread: holder.thread, step: holder.step }])
          // It stands before this call since its last step, or sleeps in it; who is not queued could go on until the lock was taken.
          const last = trace.events.findLast(({ thread }) => thread === wait.thread)?.step ?? 0
          expect(wait.step).toBe(one.wakeOrder === 'any' ? Math.max(last, holder.step) : last)
        }
        circles += found.length
        if (found.join(' ').split(' ').length < story.waits.length) behind += 1
      }),
      { numRuns: 80 },
    )
    expect(circles).toBeGreaterThan(30)
    expect(behind).toBeGreaterThan(5)
  })
})

/** Every schedule of a scenario that ends well, as lists of choices; `null` where there are too many. */
function goodSchedules(scenario: Scenario): (readonly Choice[])[] | null {
  const good: (readonly Choice[])[] = []
  const search = withChoices(dfs())
  const { complete } = tally(scenario, search.decider, 300, {
    after(_simulation, ending) {
      if (ending === 'done') good.push([...search.choices])
    },
  })
  return complete ? good : null
}

const isFault = (choice: Choice): boolean => choice.startsWith(KILLED)

/** How far a good schedule goes with the failing one; -1 where something goes wrong after that which had not yet. */
function common(good: readonly Choice[], failing: readonly Choice[]): number {
  const at = failing.findIndex((choice, index) => good[index] !== choice)
  return good.slice(at).some(isFault) ? -1 : at
}

describe('the last chance', () => {
  test('before it some schedule ends well, after it none does: by brute force over all schedules', () => {
    const seen = { found: 0, early: 0, faults: 0 }
    fc.assert(
      fc.property(smallCases, (one) => {
        const scenario = lockers(one)
        const trace = firstFailing(scenario, one.seed, 12)
        fc.pre(trace !== null)
        const good = goodSchedules(scenario)
        fc.pre(good !== null)
        const { lastChance, hopeless } = told(scenario, trace, { budget: { runs: 20_000, steps: 1_000_000 } })
        const { choices } = trace
        const at = Math.max(-1, ...good.map((schedule) => common(schedule, choices)))
        if (at < 0) {
          expect(hopeless?.certain).toBe(true)
          return
        }
        const [before, took = ''] = [choices.slice(0, at), choices[at]]
        expect(lastChance).toMatchObject({ took, certain: true })
        const mended = [...before, lastChance?.instead]
        expect(good.some((schedule) => mended.every((choice, index) => schedule[index] === choice))).toBe(true)
        const steps = before.filter((choice) => !isPick(choice)).length
        expect(lastChance?.step).toBe(isPick(took) ? steps : steps + 1)
        seen.found += 1
        if (isFault(took)) seen.faults += 1
        if (at < choices.length - 2) seen.early += 1
      }),
      { numRuns: 30 },
    )
    expect(seen.found).toBeGreaterThan(10)
    expect(seen.early).toBeGreaterThan(1)
    expect(seen.faults).toBeGreaterThan(2)
  })
})
