import fc from 'fast-check'
import { BadInput, type Call, exit, type HandOutcome, map_anonymous, rmw } from 'ipclab'
import { type KernelCommands, kernelCommands, outcomeInWord, type Real } from 'ipclab/fast-check'
import { sem_init, sem_post, sem_timedwait, sem_trywait, sem_wait } from 'ipclab/posix'
import { expect, test } from 'vitest'

/** A semaphore by the book: a number, and those who wait for a unit, in line, until some time. */
interface Model {
  value: number
  waiting: { readonly thread: string; readonly until: number | null }[]
  clock: number
}

interface Calls {
  readonly post?: (at: number) => Call<unknown>
  readonly trywait?: (at: number) => Call<unknown>
}

const MS = 1e6

/** Commands to a semaphore, and what the book says of them. */
function semaphore({ post = sem_post, trywait = sem_trywait }: Calls = {}) {
  function waits(model: Model, thread: string, outcome: HandOutcome | null, until: number | null): void {
    expect(outcomeInWord(outcome)).toBe(model.value > 0 ? undefined : 'blocks')
    if (model.value > 0) model.value -= 1
    else model.waiting.push({ thread, until })
  }
  return kernelCommands(
    {
      wait: {
        make: (_, { shared }) => sem_wait(shared),
        after(model, { thread, outcome, ended }) {
          expect(ended).toEqual([])
          waits(model, thread, outcome, null)
        },
      },
      timedwait: {
        args: fc.integer({ min: 1, max: 50 }),
        make: (ms, { shared }) => sem_timedwait(shared, { tv_sec: 0, tv_nsec: ms * MS }),
        // One that is over already is another story.
        when: (model, ms) => ms > model.clock,
        after: (model, { thread, args, outcome }) => waits(model, thread, outcome, args),
      },
      trywait: {
        make: (_, { shared }) => trywait(shared),
        after(model, { outcome }) {
          expect(outcomeInWord(outcome)).toBe(model.value > 0 ? undefined : 'EAGAIN')
          if (model.value > 0) model.value -= 1
        },
      },
      post: {
        make: (_, { shared }) => post(shared),
        after(model, { ended }) {
          const first = model.waiting.shift()
          expect(ended.map(({ thread }) => thread)).toEqual(first === undefined ? [] : [first.thread])
          if (first === undefined) model.value += 1
        },
      },
    },
    {
      threads: ['a', 'a.2', 'b', 'c'],
      model: (): Model => ({ value: 1, waiting: [], clock: 0 }),
      *setup() {
        const at = yield* map_anonymous(64)
        yield* sem_init(at, 1, 1)
        return at
      },
      clock: {
        msMax: 30,
        after(model, ms, ended) {
          model.clock += ms
          const over = model.waiting.filter(({ until }) => until !== null && until <= model.clock)
          model.waiting = model.waiting.filter((one) => !over.includes(one))
          const order = over.toSorted((a, b) => (a.until ?? 0) - (b.until ?? 0))
          const said = ended.map(({ thread, call, outcome }) => `${thread} ${call} ${outcomeInWord(outcome)}`)
          expect(said).toEqual(order.map(({ thread }) => `${thread} timedwait ETIMEDOUT`))
        },
      },
      maxCommands: 40,
    },
  )
}

function check<M, S>({ commands, setup }: KernelCommands<M, S>, numRuns = 300) {
  return fc.check(
    fc.property(commands, (all) => fc.modelRun(setup, all)),
    { numRuns, seed: 1 },
  )
}

test('a semaphore does what the book says, whatever calls come and whatever time passes', () => {
  const { failed, errorInstance } = check(semaphore())
  expect(errorInstance).toBeNull()
  expect(failed).toBe(false)
})

test('a wake-up that is lost is found, and shrunk to one that waits and a post', () => {
  // The unit is there, and nobody is told.
  const { counterexample } = check(semaphore({ post: (at) => rmw('add', at, 'i32', 1) }))
  expect(String(counterexample?.[0])).toMatch(
    /^[abc](\.2)?: \w+\(\d*\),([abc](?:\.2)?): (timed)?wait\(\d*\),(?!\2: )[abc](\.2)?: post\(\) /,
  )
})

test('one call in the place of another is found, and shrunk to the one call', () => {
  const { counterexample } = check(semaphore({ trywait: sem_wait }))
  // The first takes the unit, the second should have failed.
  expect(String(counterexample?.[0])).toMatch(/^[abc](\.2)?: \w+\((\d+)?\),[abc](\.2)?: trywait\(\) /)
})

test('a thread in a call is given no other, nor one that has ended', () => {
  const given: string[] = []
  const { commands, setup } = kernelCommands(
    {
      wait: {
        make: (_, { shared, thread }) => {
          given.push(thread)
          return sem_wait(shared)
        },
        after: (_model, { outcome }) => expect(outcome).toBeNull(),
      },
      exit: {
        make: (_, { thread }) => {
          given.push(thread)
          return exit(3)
        },
        after: (_model, { outcome, ended }) => {
          expect(outcomeInWord(outcome)).toBe('exit 3')
          for (const { call, outcome } of ended) expect([call, outcomeInWord(outcome)]).toEqual(['wait', 'exit 3'])
        },
      },
    },
    {
      threads: ['a', 'b', 'c'],
      model: () => ({}),
      *setup() {
        return yield* map_anonymous(64)
      },
    },
  )
  fc.assert(
    fc.property(commands, (all) => {
      given.length = 0
      fc.modelRun(setup, all)
      expect(new Set(given).size).toBe(given.length)
    }),
  )
})

test('a thread that was set loose is given calls again', () => {
  const loose = new Set<string>()
  let again = 0
  function given(thread: string): void {
    if (loose.has(thread)) again += 1
  }
  const { commands, setup } = kernelCommands(
    {
      wait: {
        make: (_, { shared, thread }) => {
          given(thread)
          return sem_wait(shared)
        },
        after: () => {},
      },
      post: {
        make: (_, { shared, thread }) => {
          given(thread)
          return sem_post(shared)
        },
        after: (_model, { ended }) => {
          for (const { thread } of ended) loose.add(thread)
        },
      },
    },
    {
      threads: ['a', 'b'],
      model: () => ({}),
      *setup() {
        return yield* map_anonymous(64)
      },
    },
  )
  fc.assert(
    fc.property(commands, (all) => {
      loose.clear()
      fc.modelRun(setup, all)
    }),
    { seed: 1 },
  )
  expect(again).toBeGreaterThan(0)
})

test('a run begins with what setup made, and a model of its own', () => {
  const { setup } = semaphore()
  const one = setup()
  const two = setup()
  one.model.model.value = 9
  expect(two.model.model.value).toBe(1)
  expect([...two.model.idle]).toEqual(['a', 'a.2', 'b', 'c'])
  const perform = ({ driver, shared }: Real<number>, thread: string) =>
    outcomeInWord(driver.perform(thread, sem_trywait(shared)).outcome)
  expect([perform(one.real, 'a'), perform(one.real, 'b'), perform(two.real, 'a.2')]).toEqual([
    undefined,
    'EAGAIN',
    undefined,
  ])
})

test('what can not be set up is told', () => {
  const calls = { post: { make: () => sem_post(0), after: () => {} } }
  const model = () => ({})
  expect(() => kernelCommands(calls, { threads: [], model })).toThrow(BadInput)
  expect(() => kernelCommands(calls, { threads: ['a.2'], model }).setup()).toThrow(
    "thread 'a.2' needs a process 'a' among the threads",
  )
  const waiting = kernelCommands(calls, {
    threads: ['a'],
    model,
    *setup() {
      yield* sem_wait(yield* map_anonymous(64))
    },
  })
  expect(() => waiting.setup()).toThrow('setup waits in sem_wait, and nobody else runs yet')
})
