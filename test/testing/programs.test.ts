import fc from 'fast-check'
import { BadInput, explore, load, map_anonymous, type Program, store } from 'ipclab'
import { type Discipline, type Programs, programs, schedules } from 'ipclab/fast-check'
import {
  pthread_mutex_init,
  pthread_mutex_lock,
  pthread_mutex_trylock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'
import { expect, test } from 'vitest'

const SUM = 256

/** Adds without a lock of its own. */
function* adds(at: number): Program {
  yield* store(at, 'i32', (yield* load(at, 'i32')) + 1)
}

const around = {
  *setup() {
    const at = yield* map_anonymous(512, { name: 'common' })
    for (const which of [0, 1, 2]) yield* pthread_mutex_init(at + 64 * which)
    return at
  },
  ghost: () => ({ adds: 0 }),
}

/** Programs that take up to three mutexes, and add to a number while they have one. */
const lockers = (discipline: Discipline & { callsMax?: number } = {}, mutexes = 3) =>
  programs(
    {
      lock: {
        args: fc.nat(mutexes - 1),
        make: (which, { shared }) => pthread_mutex_lock(shared + 64 * which),
        opens: (which) => which,
      },
      unlock: { make: (which: number, { shared }) => pthread_mutex_unlock(shared + 64 * which), closes: 'lock' },
      add: {
        make: (_, { shared }) => adds(shared + SUM),
        within: 'lock',
        after(_value, _args, { ghost }) {
          ghost.adds += 1
        },
      },
    },
    { ...around, ...discipline },
  )

const added = (one: Programs<number, { adds: number }>) =>
  one.scenario({
    atEnd: { 'none is lost': ({ load, ghost, shared }) => load(shared + SUM, 'i32') === ghost.adds },
    expect: 'proved',
  })

async function failureOf(one: Programs<number, { adds: number }>): Promise<string | null> {
  const { failure } = await explore(added(one), { executions: 300, shrink: false })
  return failure?.name ?? null
}

const disciplines = fc.record({
  givesBack: fc.constantFrom('nested' as const, 'any' as const),
  takes: fc.constantFrom('any' as const, 'ascending' as const),
})

test('nothing is given back that was not taken, and all that was taken is given back, by the discipline asked for', () => {
  fc.assert(
    fc.property(disciplines, fc.integer(), (discipline, seed) => {
      for (const { processes } of fc.sample(lockers({ ...discipline, callsMax: 12 }), { seed, numRuns: 20 })) {
        for (const steps of processes) {
          const open: { at: number; which: number }[] = []
          steps.forEach(({ call, args, of }, at) => {
            if (call === 'lock') {
              expect(open.map(({ which }) => which)).not.toContain(args)
              if (discipline.takes === 'ascending') for (const { which } of open) expect(args).toBeGreaterThan(which)
              open.push({ at, which: args as number })
            } else if (call === 'unlock') {
              const index = open.findIndex((one) => one.at === of)
              expect(open[index]?.which).toBe(args)
              if (discipline.givesBack === 'nested') expect(index).toBe(open.length - 1)
              open.splice(index, 1)
            } else {
              expect(open.map((one) => one.at)).toContain(of)
            }
          })
          expect(open).toEqual([])
        }
      }
    }),
  )
})

test('every process has its program, and they run to their ends', async () => {
  await fc.assert(
    fc.asyncProperty(lockers({ takes: 'ascending' }, 1), async (one) => {
      expect(await failureOf(one)).toBeNull()
    }),
    { numRuns: 50 },
  )
})

test('a property over programs finds what goes wrong without a common lock, and shrinks it to two short ones', async () => {
  const { counterexample } = await fc.check(
    fc.asyncProperty(lockers({ takes: 'ascending' }), async (one) => (await failureOf(one)) === null),
    { seed: 3, numRuns: 500 },
  )
  const [left] = counterexample ?? []
  expect(String(left)).toMatch(/^p1: lock\((\d)\) add\(\) unlock\(\1\)\np2: lock\((?!\1)(\d)\) add\(\) unlock\(\2\)$/)
  expect(fc.stringify(left)).toBe(`\n${left}\n`)
})

test('two locks in two orders are left of a deadlock; taken in ascending order there is none', async () => {
  const never = async (one: Programs<number, { adds: number }>) => (await failureOf(one)) !== 'deadlock'
  const { counterexample } = await fc.check(fc.asyncProperty(lockers(), never), { seed: 1, numRuns: 1000 })
  expect(String(counterexample?.[0])).toMatch(
    /^p1: lock\((\d)\) lock\((\d)\) unlock\(\2\) unlock\(\1\)\np2: lock\(\2\) lock\(\1\) unlock\(\1\) unlock\(\2\)$/,
  )
  await fc.assert(fc.asyncProperty(lockers({ takes: 'ascending', givesBack: 'any' }), never), { numRuns: 100 })
})

test('with schedules both are drawn', () => {
  const both = lockers({}, 2).chain((one) => schedules(added(one)).map((schedule) => ({ one, schedule })))
  const { counterexample } = fc.check(
    fc.property(both, ({ schedule }) => schedule.failure !== 'deadlock'),
    { seed: 5, numRuns: 20_000 },
  )
  const [left] = counterexample ?? []
  expect(left?.schedule).toMatchObject({ failure: 'deadlock', preemptions: 1 })
  expect(left?.schedule.steps).toBeLessThanOrEqual(6)
})

const tries = (mayFail?: readonly string[]) =>
  programs(
    {
      trylock: {
        make: (_, { shared }) => pthread_mutex_trylock(shared),
        opens: () => 'mutex',
        ...(mayFail === undefined ? {} : { mayFail }),
      },
      unlock: { make: (_, { shared }) => pthread_mutex_unlock(shared), closes: 'trylock' },
      add: { make: (_, { shared }) => adds(shared + SUM), within: 'trylock' },
    },
    around,
  )

test('a call that may fail has then taken nothing: what it would have opened is neither used nor closed', async () => {
  const held = async (one: Programs<number, { adds: number }>) => {
    // Somebody else's unlock would let two in, and one of the additions be lost.
    const { failure } = await explore(one.scenario(), { executions: 300, shrink: false })
    return failure?.name ?? null
  }
  await fc.assert(
    fc.asyncProperty(tries(['EBUSY']), async (one) => {
      expect(await held(one)).toBeNull()
    }),
    { numRuns: 50 },
  )
  const { counterexample } = await fc.check(
    fc.asyncProperty(tries(), async (one) => (await held(one)) !== 'EBUSY'),
    { seed: 1 },
  )
  expect(String(counterexample?.[0])).toBe('p1: trylock() unlock()\np2: trylock() unlock()')
})

test('what a call returned is there for those that close it', async () => {
  let seen: unknown[] = []
  const counted = programs(
    {
      take: { args: fc.nat(9), make: (n, { shared }) => load(shared + SUM + 4 * n, 'i32'), opens: true },
      give: {
        make: (_n: number, { opened, shared }) => {
          seen.push(opened)
          return load(shared, 'i32')
        },
        closes: 'take',
      },
      refuse: { make: (_, { shared }) => load(shared, 'i32'), opens: true, after: () => false },
      never: {
        make: () => {
          throw new Error('it was not taken')
        },
        closes: 'refuse',
      },
    },
    { ...around, processes: 1 },
  )
  await fc.assert(
    fc.asyncProperty(counted, async (one) => {
      seen = []
      const { verdict } = await explore(one.scenario(), { executions: 1 })
      expect(verdict).not.toBe('failed')
      const gives = one.processes[0]?.filter(({ call }) => call === 'give') ?? []
      expect(seen.slice(-gives.length || seen.length)).toEqual(gives.map(({ args }) => ({ args, value: 0 })))
    }),
    { numRuns: 30 },
  )
})

test('how many processes there are and how long they are is asked for', () => {
  for (const { processes } of fc.sample(lockers({ callsMax: 0 }), 20)) {
    expect(processes.length === 2 || processes.length === 3).toBe(true)
    expect(processes.flat()).toEqual([])
  }
  const units = {
    wait: { make: () => sem_wait(0) },
    post: { make: () => sem_post(0) },
    init: { make: () => sem_init(0, 1, 1) },
  }
  for (const { processes } of fc.sample(programs(units, { processes: { min: 1, max: 5 }, callsMax: 2 }), 20)) {
    expect(processes.length).toBeLessThanOrEqual(5)
    for (const steps of processes) expect(steps.length).toBeLessThanOrEqual(2)
  }
  expect(String(fc.sample(programs(units, { processes: 1, callsMax: 0 }), 1)[0])).toBe('p1: (nothing)')
})

test('a table of calls that can not be well-formed is told', () => {
  const make = () => sem_wait(0)
  expect(() => programs({})).toThrow('programs() needs a call that programs may make')
  expect(() => programs({ unlock: { make, closes: 'lock' } })).toThrow(
    "call 'unlock' needs something that 'lock' opens, and there is no call 'lock' that opens",
  )
  expect(() => programs({ add: { make, within: 'add' } })).toThrow(BadInput)
  expect(() => programs({ lock: { make, opens: true } })).toThrow(
    "call 'lock' opens what no call closes; give one of them closes: 'lock'",
  )
})
