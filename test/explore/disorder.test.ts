import { readFileSync } from 'node:fs'
import { int32, map_anonymous, type Program, type Scenario, scenario } from 'ipclab'
import { explore, findings } from 'ipclab/explore'
import { pthread_mutex_lock, pthread_mutex_unlock, sem_init, sem_post, sem_wait } from 'ipclab/posix'
import { replay } from 'ipclab/scheduler'
import { record } from 'ipclab/trace'
import { describe, expect, test } from 'vitest'

/** Data races and lock-order inversions as they are told: of searches that fail, of such as do not, and of single runs. */

const source = readFileSync(import.meta.filename, 'utf8').split('\n')
/** The first line that has this in it. */
const at = (code: string): string => `disorder.test.ts:${source.findIndex((line) => line.includes(code)) + 1}`

/** A flag that is stored and read plainly: no run goes wrong by it. */
const flagged = (races?: Scenario['races'], expected: Scenario['expect'] = 'proved'): Scenario =>
  scenario('a flag', {
    *setup() {
      return int32(yield* map_anonymous(8, { name: 'flag' }))
    },
    programs: {
      *writer({ shared: flag }) {
        yield* flag.store(1, 1, 'relaxed')
        yield* flag.store(0, 1)
      },
      *reader({ shared: flag }) {
        yield* flag.load(1, 'relaxed')
        yield* flag.load(0)
      },
    },
    expect: expected,
    ...(races === undefined ? {} : { races }),
  })

describe('a data race', () => {
  test('is told of a search in which all holds, once, with a run that shows it', async () => {
    const found = await explore(flagged(), { strategy: 'dfs' })
    expect([found.verdict, found.met]).toEqual(['proved', 'as expected'])
    expect(found.findings).toHaveLength(1)
    const [race] = found.findings
    expect(race).toMatchObject({ name: 'data race', object: 'flag+0', run: 1 })
    expect([...(race?.threads ?? [])].sort()).toEqual(['reader', 'writer'])
    expect(found.text).toContain(
      `data race in run 1: flag+0: write by writer at ${at('flag.store(0, 1)')} (step 2), read by reader at ${at('flag.load(0)')} (step 4), nothing orders them`,
    )
    // The schedule that is given shows it again.
    const shown = record(flagged(), { decider: replay(race?.schedule ?? []) })
    expect(findings(flagged(), shown).map(({ text }) => text)).toEqual([race?.text])
  })

  test('is not told where nobody wants to know', async () => {
    const found = await explore(flagged('ignore'), { strategy: 'dfs' })
    expect([found.verdict, found.findings]).toEqual(['proved', []])
    expect(found.text).not.toContain('data race')
  })

  test('is a failure where the scenario says so, and is shrunk and made again like any other', async () => {
    const made = flagged('fail', 'data race')
    const found = await explore(made, { strategy: 'random' })
    expect([found.verdict, found.met, found.findings]).toEqual(['failed', 'as expected', []])
    expect(found.failure).toMatchObject({ kind: 'data race', name: 'data race', ending: 'broken' })
    expect(found.failure?.schedule).toMatchObject({ preemptions: 0, steps: 4 })
    expect(found.failure?.message).toMatch(/^flag\+0: (write|read) by .*, nothing orders them$/)
    const trace = found.failure?.trace
    const again = record(made, { decider: replay(trace?.choices ?? []) })
    expect(again.verdict).toEqual(trace?.verdict)
    expect(again.verdict.failure?.line).toMatch(/disorder\.test\.ts:\d+$/)
  })

  test.each(['dfs', 'dpor', 'pct', 'rr:quantum=1'])('is a failure under %s, too', async (strategy) => {
    const found = await explore(flagged('fail'), { strategy })
    expect([found.failure?.kind, found.met]).toEqual(['data race', 'not as expected'])
  })

  test('of many words on the same lines is one', async () => {
    const made = scenario('an array', {
      *setup() {
        return int32(yield* map_anonymous(64, { name: 'array' }))
      },
      programs: {
        *writer({ shared: array }) {
          for (let at = 0; at < 5; at++) yield* array.store(at, 1)
        },
        *reader({ shared: array }) {
          for (let at = 0; at < 5; at++) yield* array.load(at)
        },
      },
      expect: 'holds',
    })
    const { findings } = await explore(made, { strategy: 'random', executions: 200 })
    expect(findings).toHaveLength(1)
    expect(findings[0]?.text).toContain('(and so 4 times more)')
  })

  test('is looked for in the first runs and some of the others, and how many is said', async () => {
    const found = await explore(flagged(), { strategy: 'random', executions: 1_000 })
    expect(found.watched).toBe(510)
    expect(found.text).toContain('(looked for in 510 of 1,000 runs)')
  })
})

function* nested(take: readonly number[], kind: 'mutex' | 'semaphore' = 'mutex'): Program {
  for (const lock of take) yield* (kind === 'mutex' ? pthread_mutex_lock : sem_wait)(lock)
  for (const lock of [...take].reverse()) yield* (kind === 'mutex' ? pthread_mutex_unlock : sem_post)(lock)
}

function* twoLocks(): Program<readonly [number, number]> {
  const [a, b] = [yield* map_anonymous(40, { name: 'a' }), yield* map_anonymous(40, { name: 'b' })]
  yield* sem_init(a, 1, 1)
  yield* sem_init(b, 1, 1)
  return [a, b]
}

/** Two locks in opposite orders, but the second thread mostly comes when the first is gone. */
const inverted = (kind: 'mutex' | 'semaphore'): Scenario =>
  scenario('opposite orders', {
    setup: kind === 'semaphore' ? twoLocks : mutexes,
    programs: {
      *P({ shared: [a, b] }) {
        yield* nested([a, b], kind)
      },
      *Q({ shared: [a, b] }) {
        yield* nested([b, a], kind)
      },
    },
    expect: 'deadlock',
  })

function* mutexes(): Program<readonly [number, number]> {
  return [yield* map_anonymous(40, { name: 'a' }), yield* map_anonymous(40, { name: 'b' })]
}

const LOCKS = at('pthread_mutex_lock : sem_wait')

describe('a lock-order inversion', () => {
  test.each(['mutex', 'semaphore'] as const)('of a %s is told of runs that do not lock', async (kind) => {
    const found = await explore(inverted(kind), { strategy: 'fifo' })
    expect(found.verdict).toBe('sampled')
    expect(found.findings).toMatchObject([
      { name: 'lock-order inversion', object: 'a+0, b+0', threads: ['P', 'Q'], schedule: null },
    ])
    expect(found.text).toContain(
      `lock-order inversion in run 1: P takes b+0 at ${LOCKS} (step 2) with a+0 in hand, taken at ${LOCKS} (step 1); ` +
        `Q takes a+0 at ${LOCKS} (step 6) with b+0 in hand, taken at ${LOCKS} (step 5): in another schedule they may wait for each other`,
    )
  })

  test('is told of a single run, of mutexes alone: what a semaphore is, one run does not say', () => {
    const told = (kind: 'mutex' | 'semaphore') => {
      const trace = record(inverted(kind), { decider: replay(['P', 'P', 'P', 'P', 'Q', 'Q', 'Q', 'Q']) })
      return findings(inverted(kind), trace).map(({ name }) => name)
    }
    expect([told('mutex'), told('semaphore')]).toEqual([['lock-order inversion'], []])
  })

  test('is none where every schedule was made, and none locked', async () => {
    const made = scenario('who is second knows it', {
      *setup() {
        return [...(yield* mutexes()), int32(yield* map_anonymous(4, { name: 'first' }))] as const
      },
      programs: {
        *P({ shared: [a, b, first] }) {
          if ((yield* first.exchange(0, 1)) === 0) yield* nested([a, b])
        },
        *Q({ shared: [a, b, first] }) {
          if ((yield* first.exchange(0, 1)) === 0) yield* nested([b, a])
        },
        *R({ shared: [a, b] }) {
          yield* nested([a, b])
        },
      },
      expect: 'deadlock',
    })
    expect((await explore(made, { strategy: 'random' })).failure?.kind).toBe('deadlock')
    const ordered = scenario('a value keeps them apart', {
      *setup() {
        return [...(yield* mutexes()), int32(yield* map_anonymous(4, { name: 'turn' }))] as const
      },
      programs: {
        *P({ shared: [a, b, turn] }) {
          yield* nested([a, b])
          yield* turn.store(0, 1, 'relaxed')
        },
        *Q({ shared: [a, b, turn] }) {
          yield* turn.await_(0, Boolean, 'relaxed')
          yield* nested([b, a])
        },
      },
      expect: 'proved',
    })
    expect((await explore(ordered, { strategy: 'random', executions: 50 })).findings).toHaveLength(1)
    expect((await explore(ordered, { strategy: 'dfs' })).findings).toEqual([])
  })

  test('is none of semaphores that in another run somebody posts who has not waited', async () => {
    const { findings } = await explore(lightswitch(), { strategy: 'random', executions: 300 })
    expect(findings).toEqual([])
  })
})

/** Readers of whom the first takes the room, and the last gives it back: it may be the same, and then looks like a lock. */
const lightswitch = (): Scenario =>
  scenario('a lightswitch', {
    *setup() {
      return [...(yield* twoLocks()), int32(yield* map_anonymous(4, { name: 'inside' }))] as const
    },
    programs: {
      reader: {
        copies: 2,
        *program({ shared: [mutex, room, inside] }) {
          yield* sem_wait(mutex)
          if ((yield* inside.add(0, 1)) === 0) yield* sem_wait(room)
          yield* sem_post(mutex)
          yield* sem_wait(mutex)
          if ((yield* inside.add(0, -1)) === 1) yield* sem_post(room)
          yield* sem_post(mutex)
        },
      },
    },
    expect: 'proved',
  })
