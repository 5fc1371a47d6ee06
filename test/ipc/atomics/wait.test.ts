import { describe, expect, test } from 'vitest'
import {
  Atomics,
  bigInt64Array,
  int32Array,
  type SharedBuffer,
  shared_array_buffer,
} from '../../../ipc/atomics/index.ts'
import {
  BadInput,
  futex_wait,
  futex_wake,
  kill,
  type Program,
  type Simulation,
  sigaction,
  thread_create,
  thread_join,
  type WakeOrder,
} from '../../../kernel/index.ts'
import { drafted } from '../../helpers/drafted.ts'
import { attempt, outcomes, type Told } from '../../helpers/schedules.ts'

const orders: WakeOrder[] = ['any', 'fifo', 'lifo']

function* setup(): Program<SharedBuffer> {
  return yield* shared_array_buffer(64)
}
const cellsOf = ({ shared }: Told) => int32Array(shared as SharedBuffer)

const waiter = (timeout?: number) =>
  function* (told: Told): Program {
    told.ghost.push(`${told.name}:${yield* Atomics.wait(cellsOf(told), 0, 0, timeout)}`)
  }

describe.each(orders)('whatever order others are served in (%s)', (wakeOrder) => {
  test('those who wait on an element are woken first come, first served', () => {
    const inOrder = new Set<boolean>()
    let steps: string[] = []
    outcomes(
      {
        a: waiter(),
        b: waiter(),
        c: waiter(),
        *n(told: Told): Program {
          for (let i = 0; i < 3; i++) yield* Atomics.notify(cellsOf(told), 0, 1)
        },
      },
      {
        setup,
        wakeOrder,
        observers: [({ machine }) => void steps.push(machine.actor?.id ?? '')],
        after({ ghost }) {
          const came = steps.filter((step) => step !== 'n')
          const woken = (ghost as string[]).map((line) => line.replace(':ok', ''))
          inOrder.add(woken.every((name, i) => name === came[i]))
          steps = []
        },
      },
    )
    expect(inOrder).toEqual(new Set([true]))
  })

  test('notify says how many it woke, at most so many as it was told', () => {
    const programs = {
      a: waiter(),
      b: waiter(),
      *n(told: Told): Program {
        told.ghost.push(`${yield* Atomics.notify(cellsOf(told), 0, 0)}`)
        told.ghost.push(`${yield* Atomics.notify(cellsOf(told), 0, 1)}`)
        told.ghost.push(`${yield* Atomics.notify(cellsOf(told), 0)}`)
      },
    }
    const counts = outcomes(programs, { setup, wakeOrder }).map((line) =>
      line.replace(/[ab]:ok ?|\/ deadlock/g, '').trim(),
    )
    expect([...new Set(counts)].sort()).toEqual(['0 0 0', '0 0 1', '0 0 2', '0 1 0', '0 1 1'])
  })
})

test('wait compares and falls asleep in one step, so no notification falls in between', () => {
  const programs = {
    a: waiter(),
    *n(told: Told): Program {
      yield* Atomics.store(cellsOf(told), 0, 1)
      yield* Atomics.notify(cellsOf(told), 0)
    },
  }
  expect(outcomes(programs, { setup })).toEqual(['a:not-equal', 'a:ok'])
})

test('a timeout ends the wait, at whatever moment; 0 does not wait at all', () => {
  const notifier = function* (told: Told): Program {
    told.ghost.push(`n:${yield* Atomics.notify(cellsOf(told), 0)}`)
  }
  expect(outcomes({ a: waiter(10), n: notifier }, { setup })).toEqual([
    'a:timed-out n:0',
    'n:0 a:timed-out',
    'n:1 a:ok',
  ])
  expect(outcomes({ a: waiter(0) }, { setup })).toEqual(['a:timed-out'])
  expect(outcomes({ a: waiter(-5) }, { setup })).toEqual(['a:timed-out'])
  expect(outcomes({ a: waiter(Number.NaN) }, { setup })).toEqual([' / deadlock'])
  expect(outcomes({ a: waiter(1e300) }, { setup })).toEqual(['a:timed-out'])
})

test('time passes by the timeout, in ms', () => {
  let clock = 0
  const after = ({ state }: Simulation): void => {
    clock = state.clock
  }
  outcomes({ a: waiter(2.5) }, { setup, after })
  expect(clock).toBe(2_500_000)
})

test('64 bits are compared whole', () => {
  const programs = {
    *p(told: Told): Program {
      const cells = bigInt64Array(told.shared as SharedBuffer)
      yield* Atomics.store(cells, 1, 2n ** 32n)
      told.ghost.push(yield* Atomics.wait(cells, 1, 0n, 0))
      told.ghost.push(yield* Atomics.wait(cells, 1, 2n ** 32n, 0))
      told.ghost.push(yield* Atomics.wait(cells, 1, 2n ** 32n + 2n ** 64n, 0))
      yield* Atomics.store(cells, 1, -1n)
      told.ghost.push(yield* Atomics.wait(cells, 1, 2n ** 64n - 1n, 0))
    },
  }
  expect(outcomes(programs, { setup })).toEqual(['not-equal timed-out timed-out timed-out'])
})

test('the list of waiters is the element’s, whatever array it is reached through', () => {
  const programs = {
    *a(told: Told): Program {
      told.ghost.push(yield* Atomics.wait(int32Array(told.shared as SharedBuffer, 8), 2, 0, 5))
    },
    *n(told: Told): Program {
      told.ghost.push(`${yield* Atomics.notify(bigInt64Array(told.shared as SharedBuffer), 2)}`)
    },
  }
  expect(outcomes(programs, { setup })).toContain('1 ok')
})

test('processes that map the same buffer meet; another element has its own waiters', () => {
  const programs = {
    a: waiter(),
    *n(told: Told): Program {
      told.ghost.push(`${yield* Atomics.notify(cellsOf(told), 1)}`)
    },
  }
  expect(outcomes(programs, { setup })).toEqual(['0 / deadlock'])
})

test('the threads of one process share a buffer that it makes itself', () => {
  function* other(buffer: SharedBuffer): Program {
    yield* Atomics.store(int32Array(buffer), 0, 1)
    yield* Atomics.notify(int32Array(buffer), 0)
  }
  const programs = {
    *p(told: Told): Program {
      const buffer = yield* shared_array_buffer(4)
      const thread = yield* thread_create(other, buffer)
      told.ghost.push(yield* Atomics.wait(int32Array(buffer), 0, 0))
      yield* thread_join(thread)
    },
  }
  expect(outcomes(programs)).toEqual(['not-equal', 'ok'])
})

test('futex sleepers and waiters of Atomics on the same word do not take each other’s wake-ups', () => {
  const programs = {
    *f(told: Told): Program {
      yield* attempt([], futex_wait((told.shared as SharedBuffer).address, 0, 1))
    },
    *n(told: Told): Program {
      told.ghost.push(`${yield* Atomics.notify(cellsOf(told), 0)}`)
    },
  }
  expect(outcomes(programs, { setup })).toEqual(['0'])
  const reversed = {
    a: waiter(1),
    *n(told: Told): Program {
      told.ghost.push(`${yield* futex_wake((told.shared as SharedBuffer).address, 9)}`)
    },
  }
  expect(outcomes(reversed, { setup })).toEqual(['0 a:timed-out', 'a:timed-out 0'])
})

test('a signal handler is run, and the wait begins again', () => {
  const programs = {
    *a(told: Told): Program {
      yield* sigaction('SIGUSR1', function* () {
        told.ghost.push('handled')
      })
      told.ghost.push(yield* Atomics.wait(cellsOf(told), 0, 0))
    },
    *n(told: Told): Program {
      yield* Atomics.load(cellsOf(told), 0)
      yield* kill(told.pids.a ?? 0, 'SIGUSR1')
      yield* Atomics.store(cellsOf(told), 0, 1)
      yield* Atomics.notify(cellsOf(told), 0)
    },
  }
  const all = outcomes(programs, { setup })
  // The default action of the signal is to end the process, where it comes before sigaction.
  expect(all.filter((line) => line !== '')).toEqual(['handled not-equal', 'handled ok'])
})

test('a buffer that the process does not have is SIGSEGV, for wait and notify as for load', () => {
  for (const touch of [
    (told: Told) => Atomics.load(cellsOf(told), 0),
    (told: Told) => Atomics.wait(cellsOf(told), 0, 0),
    (told: Told) => Atomics.notify(cellsOf(told), 0),
  ]) {
    const programs = {
      *p(told: Told): Program {
        yield* sigaction('SIGSEGV', function* () {})
        yield* attempt(told.ghost, touch({ ...told, shared: { address: 0x900000, byteLength: 8 } }))
      },
    }
    expect(outcomes(programs)).toEqual(['SIGSEGV'])
  }
})

test('plain elements are plain accesses, Atomics are seq_cst', () => {
  const seen: string[] = []
  outcomes(
    {
      *p(told: Told): Program {
        const cells = cellsOf(told)
        yield* cells.set(0, 1)
        yield* cells.get(0)
        yield* Atomics.store(cells, 0, 2)
        yield* Atomics.load(cells, 0)
        yield* Atomics.add(cells, 0, 1)
        yield* Atomics.compareExchange(cells, 0, 99, 1)
        yield* Atomics.compareExchange(cells, 0, 3, 1)
        yield* Atomics.wait(cells, 0, 0)
      },
    },
    {
      setup,
      observers: [
        ({ machine }) => {
          for (const { reads, writes, order } of machine.kernel.footprint.touches().slice(0, 1))
            seen.push(`${reads ? 'r' : ''}${writes ? 'w' : ''} ${order}`)
        },
      ],
    },
  )
  const seq = ['w seq_cst', 'r seq_cst', 'rw seq_cst', 'r seq_cst', 'rw seq_cst', 'r seq_cst']
  expect(seen.slice(0, 8)).toEqual(['w plain', 'r plain', ...seq])
})

test('await_ goes on when the value is right, and only then', () => {
  const programs = {
    *a(told: Told): Program {
      told.ghost.push(`${yield* cellsOf(told).await_(0, (value) => value > 1)}`)
    },
    *n(told: Told): Program {
      for (let i = 0; i < 3; i++) yield* Atomics.add(cellsOf(told), 0, 1)
    },
  }
  expect(outcomes(programs, { setup })).toEqual(['2', '3'])
})

test('an element past the end is refused, where JavaScript would read undefined', () => {
  const cells = int32Array({ address: 4096, byteLength: 8 })
  for (const index of [-1, 2, 0.5, Number.NaN]) {
    expect(() => cells.get(index)).toThrow(RangeError)
    expect(() => cells.set(index, 1)).toThrow(RangeError)
    expect(() => cells.await_(index, () => true)).toThrow(RangeError)
  }
  const programs = {
    *p(told: Told): Program {
      yield* cellsOf(told).get(99)
    },
  }
  expect(() => outcomes(programs, { setup })).toThrow(BadInput)
  expect(() => outcomes(programs, { setup })).toThrow("program 'p' threw RangeError: Int32Array has no element 99")
})

test('in place and drafted, waits and notifications go the same way', () => {
  const programs = {
    a: waiter(3),
    b: waiter(),
    *n(told: Told): Program {
      yield* Atomics.notify(cellsOf(told), 0, 1)
      yield* Atomics.store(cellsOf(told), 0, 1)
      yield* Atomics.notify(cellsOf(told), 0)
    },
  }
  expect(outcomes(programs, { setup, transact: drafted })).toEqual(outcomes(programs, { setup }))
})
