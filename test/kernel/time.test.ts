import {
  await_,
  choose,
  clock,
  compute,
  futex_wait,
  futex_wake,
  io,
  kill,
  load,
  map_anonymous,
  type Program,
  sigaction,
  sleep,
  store,
  thread_create,
  yield_,
} from 'ipclab/kernel'
import { munmap } from 'ipclab/posix'
import { expect, test } from 'vitest'
import { attempt, outcomes, type Told } from '../helpers/schedules.ts'

function* word(): Program<number> {
  return yield* map_anonymous(4)
}
const note = (name: string, ns: number) =>
  function* ({ ghost }: Told): Program {
    yield* sleep(ns)
    ghost.push(name)
  }

test('sleepers wake in the order of their times, and at one time in the order in which they fell asleep', () => {
  expect(outcomes({ A: note('A', 20), B: note('B', 10), C: note('C', 30) })).toContain('B A C')
  const tied = outcomes({ A: note('A', 10), B: note('B', 10) })
  expect(tied).toEqual(['A B', 'B A'])
  const inOrder = outcomes({
    *P({ ghost }) {
      for (const name of ['first', 'second', 'third'])
        yield* thread_create(function* () {
          yield* sleep(5)
          ghost.push(name)
        })
    },
  })
  expect(inOrder).toHaveLength(6) // whoever falls asleep first
})

test('the clock stands at the time of the timer that fired last', () => {
  const said = outcomes({
    *P({ ghost }) {
      yield* sleep(7)
      ghost.push(String(yield* clock()))
      yield* sleep(0)
      yield* compute(100)
      yield* yield_()
      ghost.push(String(yield* clock()))
    },
  })
  expect(said).toEqual(['7 7'])
})

test('who has been woken is not timed out any more: a wake-up and a time-out never share one sleeper', () => {
  const said = outcomes(
    {
      *P({ ghost, shared }) {
        yield* attempt(ghost, futex_wait(shared as number, 0, 10))
      },
      *Q({ ghost, shared }) {
        ghost.push(`woke ${yield* futex_wake(shared as number, 1)}`)
      },
    },
    { setup: word, after: ({ state }) => expect(state.timers).toEqual([]) },
  )
  expect(said).toEqual(['ETIMEDOUT woke 0', 'woke 0 ETIMEDOUT', 'woke 1 ok'])
})

test('who has been woken is not interrupted any more: a wake-up and a signal never share one sleeper', () => {
  const said = outcomes(
    {
      *P({ ghost, shared }) {
        yield* sigaction('SIGUSR1', function* () {
          yield* choose(1)
        })
        yield* attempt(ghost, futex_wait(shared as number, 0))
      },
      *Q({ ghost, shared }) {
        yield* sleep(1)
        ghost.push(`woke ${yield* futex_wake(shared as number, 1)}`)
      },
      *R({ pids }) {
        yield* sleep(1)
        yield* kill(pids.P ?? 0, 'SIGUSR1')
      },
    },
    { setup: word },
  ).filter((line) => line.includes('woke') && !line.includes('/'))
  expect(said).toEqual(['EINTR woke 0', 'woke 0', 'woke 0 EINTR', 'woke 1 ok'])
})

test('a sleeper that is woken and a second that is not: each wake-up sets one loose', () => {
  const said = outcomes(
    {
      *P({ shared }) {
        yield* futex_wait(shared as number, 0, 10)
      },
      *Q({ shared }) {
        yield* futex_wait(shared as number, 0, 10)
      },
      *R({ ghost, shared }) {
        ghost.push(`woke ${yield* futex_wake(shared as number, 1)}`)
      },
    },
    { setup: word, limit: 100_000 },
  )
  // Whoever is not woken times out, uncaught; that both do needs a wake-up that found nobody.
  expect(said).toContain('woke 1 / error: ETIMEDOUT')
  expect(said).not.toContain('woke 1')
})

test('await_ is chosen only while its condition holds, and sees a fault when the page goes', () => {
  const said = outcomes(
    {
      *P({ ghost, shared }) {
        yield* sigaction('SIGSEGV', function* () {
          yield* choose(1)
        })
        yield* thread_create(function* () {
          yield* munmap(shared as number, 4096)
        })
        yield* attempt(
          ghost,
          await_(shared as number, 'i32', (value) => value > 1),
        )
      },
      *Q({ shared }) {
        yield* store(shared as number, 'i32', 1)
        yield* store(shared as number, 'i32', 2)
      },
    },
    { setup: word },
  )
  expect(said).toEqual(['2', 'SIGSEGV'])
})

test('a futex is one word: an address that another process maps elsewhere reaches the same sleepers', () => {
  const said = outcomes({
    *P({ ghost }) {
      const at = yield* word()
      yield* thread_create(function* () {
        yield* store(at, 'i32', 1)
        ghost.push(`woke ${yield* futex_wake(at, 9)}`)
      })
      yield* attempt(ghost, futex_wait(at, 0))
      ghost.push(String(yield* load(at, 'i32')))
    },
  })
  expect(said).toEqual(['EAGAIN 1 woke 0', 'EAGAIN woke 0 1', 'woke 0 EAGAIN 1', 'woke 1 ok 1'])
})

test('a time is a whole number of ns, and no longer than thirteen days', () => {
  for (const wrong of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 50 + 1, '5' as unknown as number])
    for (const made of [sleep, io, compute])
      expect(outcomes({ A: ({ ghost }) => attempt(ghost, made(wrong)) })).toEqual(['EINVAL'])
})
