import {
  type Args,
  type Call,
  call,
  cheaply,
  Driver,
  defineCall,
  done,
  exit,
  finish,
  firstSleeper,
  forkByHand,
  futex_wait,
  futex_wake,
  getpid,
  kill,
  load,
  map_anonymous,
  next,
  PosixError,
  pause,
  sigactionByHand,
  sleep,
  sleepOn,
  store,
  thread_exit,
  thread_join,
  type WakeOrder,
  wait,
  wakeOne,
} from 'ipclab/kernel'
import { describe, expect, test } from 'vitest'
import { drafted } from '../helpers/drafted.ts'

interface Named extends Args {
  readonly name: string
  readonly then: string | null
}

const error = (code: string, name: string) => cheaply(() => new PosixError(code, name))

const awaitDef = defineCall<Named, string>({
  name: 'await_baton',
  error,
  stages: [
    {
      attempt(kernel, thread, { name }) {
        kernel.stage = 1
        return sleepOn(kernel, thread, name)
      },
    },
    {
      attempt(kernel, _thread, { then }) {
        if (then !== null) wakeOne(kernel, then, kernel.state.wakeOrder)
        return next(kernel, 2)
      },
    },
    { attempt: (kernel, _thread, { name }) => done(kernel, name) },
  ],
  giveUp: (kernel) => done(kernel, 'given up'),
})
/** Sleeps until passed the baton, passes one on, and returns a transition later. */
const await_baton = (name: string, then: string | null = null): Call<string> => call(awaitDef, { name, then })

const passDef = defineCall<{ readonly names: readonly string[] }, void>({
  name: 'pass_batons',
  error,
  stages: [
    {
      attempt(kernel, _thread, { names }) {
        for (const name of names) wakeOne(kernel, name, kernel.state.wakeOrder)
        return done(kernel)
      },
    },
  ],
})
const pass_batons = (...names: string[]): Call<void> => call(passDef, { names })

const handDef = defineCall<{ readonly name: string; readonly value: number }, void>({
  name: 'hand_over',
  error,
  stages: [
    {
      attempt(kernel, _thread, { name, value }) {
        const waiter = firstSleeper(kernel, name, 'fifo')
        if (waiter !== null) finish(kernel, waiter, value)
        return done(kernel)
      },
    },
  ],
})

function made(ids: readonly string[], options: ConstructorParameters<typeof Driver>[0] = {}): Driver {
  const driver = new Driver(options)
  for (const id of ids) driver.process({ id })
  return driver
}

const who = (list: readonly { thread: string }[]): string[] => list.map(({ thread }) => thread)

describe.each([
  ['in place', null],
  ['on drafts', drafted],
])('%s', (_, transact) => {
  test('a call returns, fails or blocks', () => {
    const driver = made(['a'], { transact })
    expect(driver.perform('a', getpid())).toEqual({ outcome: { how: 'returned', value: 1 }, completed: [] })
    expect(driver.perform('a', kill(9))).toMatchObject({ outcome: { how: 'failed', error: { code: 'ESRCH' } } })
    expect(driver.perform('a', await_baton('x'))).toEqual({ outcome: null, completed: [] })
    expect(driver.blocked()).toEqual([{ thread: 'a', issue: 2 }])
  })

  test('the woken go on in the order of their waking, each until it returns or sleeps, and whom they wake behind them', () => {
    const driver = made(['a', 'b', 'c', 'd', 'e'], { transact })
    driver.perform('a', await_baton('x', 'z')) // a passes one on to d
    driver.perform('b', await_baton('y', 'w')) // and b to e
    driver.perform('d', await_baton('z'))
    driver.perform('e', await_baton('w'))
    const { outcome, completed } = driver.perform('c', pass_batons('y', 'x'))
    expect(outcome).toEqual({ how: 'returned', value: undefined })
    expect(who(completed)).toEqual(['b', 'a', 'e', 'd'])
    expect(driver.blocked()).toEqual([])
  })

  test.each<[WakeOrder, string[]]>([
    ['fifo', ['a', 'b']],
    ['lifo', ['b', 'a']],
  ])('whom a model wakes first under %s', (wakeOrder, order) => {
    const driver = made(['a', 'b', 'c'], { transact, wakeOrder })
    driver.perform('a', await_baton('x'))
    driver.perform('b', await_baton('x'))
    expect(who(driver.perform('c', pass_batons('x', 'x')).completed)).toEqual(order)
  })

  test('a call that another has finished returns its value', () => {
    const driver = made(['a', 'b'], { transact })
    driver.perform('a', await_baton('x'))
    const { completed } = driver.perform('b', call(handDef, { name: 'x', value: 7 }))
    expect(completed).toEqual([{ thread: 'a', issue: 0, outcome: { how: 'returned', value: 7 } }])
  })

  test('several threads of a process, and what becomes of them when it ends', () => {
    const driver = made(['a', 'b'], { transact })
    driver.thread('a', 'a2')
    driver.thread('a', 'a3')
    driver.perform('a2', await_baton('x'))
    expect(driver.perform('b', await_baton('x')).outcome).toBeNull()
    expect(driver.perform('a3', thread_exit())).toEqual({
      outcome: { how: 'died', exit: { code: null, signal: null } },
      completed: [],
    })
    const { outcome, completed } = driver.perform('a', exit(3))
    const exited = { how: 'died', exit: { code: 3, signal: null } }
    expect(outcome).toEqual(exited)
    expect(completed).toEqual([{ thread: 'a2', issue: 0, outcome: exited }])
    expect(driver.blocked()).toEqual([{ thread: 'b', issue: 1 }])
    expect([driver.isAlive('a'), driver.isAlive('a3'), driver.isAlive('b')]).toEqual([false, false, true])
  })

  test('who dies idle is reported without a call', () => {
    const driver = made(['a', 'b'], { transact })
    expect(driver.perform('a', kill(2, 'SIGKILL')).completed).toEqual([
      { thread: 'b', issue: null, outcome: { how: 'died', exit: { code: null, signal: 'SIGKILL' } } },
    ])
  })

  test('signals to an idle thread are counted, and it stays idle', () => {
    const driver = made(['a', 'b'], { transact })
    driver.perform('b', sigactionByHand('SIGUSR1', 'handler'))
    driver.perform('a', kill(2, 'SIGUSR1'))
    driver.perform('a', kill(2, 'SIGUSR1'))
    expect(driver.state.processes.b?.dispositions.SIGUSR1?.count).toBe(2)
    expect(driver.perform('b', pause()).outcome).toBeNull()
    expect(driver.perform('a', kill(2, 'SIGUSR1')).completed).toMatchObject([{ outcome: { error: { code: 'EINTR' } } }])
  })

  test('a child by hand is idle, and its parent can wait for it', () => {
    const driver = made(['a'], { transact })
    const { outcome } = driver.perform('a', forkByHand())
    const pid = outcome?.how === 'returned' ? (outcome.value as number) : 0
    const child = driver.processByPid(pid)?.id ?? ''
    expect(driver.isAlive(child)).toBe(true)
    expect(driver.perform('a', wait()).outcome).toBeNull()
    expect(driver.perform(child, exit(4)).completed).toMatchObject([
      { thread: 'a', outcome: { value: { pid, code: 4, signal: null } } },
    ])
  })

  test('what comes due while the clock goes on fires in order', () => {
    const driver = made(['a', 'b', 'c'], { transact, clock: 1e9 })
    driver.perform('a', sleep(30e6))
    driver.perform('b', sleep(10e6))
    driver.perform('c', sleep(10e6))
    expect(driver.advanceClock(9)).toEqual([])
    expect(driver.state.clock).toBe(1e9 + 9e6)
    expect(who(driver.advanceClock(21))).toEqual(['b', 'c', 'a'])
    expect(driver.advanceClock(1)).toEqual([])
    expect(driver.state.clock).toBe(1e9 + 31e6)
  })

  test('what a timer sets loose is settled before the next one fires', () => {
    const driver = made(['a', 'b'], { transact })
    const { outcome } = driver.perform('a', map_anonymous(4096))
    const at = outcome?.how === 'returned' ? (outcome.value as number) : 0
    driver.perform('a', futex_wait(at, 0, 5e6))
    driver.perform('b', sleep(2e6))
    expect(driver.advanceClock(10)).toMatchObject([
      { thread: 'b', outcome: { how: 'returned' } },
      { thread: 'a', outcome: { how: 'failed', error: { code: 'ETIMEDOUT' } } },
    ])
    expect(driver.perform('a', futex_wake(at, 1)).outcome).toEqual({ how: 'returned', value: 0 })
    expect(driver.perform('a', store(at, 'i32', 1)).outcome).toEqual({ how: 'returned', value: undefined })
    expect(driver.perform('a', load(at, 'i32')).outcome).toEqual({ how: 'returned', value: 1 })
  })
})

test('where no order of waking is promised, who can go on does', () => {
  const driver = made(['a'], { wakeOrder: 'any' })
  driver.thread('a', 'a2')
  expect(driver.perform('a', thread_join('a2')).outcome).toBeNull()
  expect(driver.blocked()).toEqual([{ thread: 'a', issue: 0 }])
  expect(who(driver.perform('a2', thread_exit()).completed)).toEqual(['a'])
})

test('issues are numbered by whoever issues, or counted', () => {
  const driver = made(['a', 'b'])
  driver.perform('a', await_baton('x'), 17)
  driver.perform('b', await_baton('x'))
  expect(driver.blocked()).toEqual([
    { thread: 'a', issue: 17 },
    { thread: 'b', issue: 18 },
  ])
})

test('a call that never comes to rest is found out', () => {
  const endless = defineCall<Record<string, never>, void>({
    name: 'endless',
    error,
    stages: [{ attempt: (kernel) => next(kernel, 0) }],
  })
  const driver = made(['a'])
  expect(() => driver.perform('a', call(endless, {}))).toThrow('all becomes quiet after a call')
})
