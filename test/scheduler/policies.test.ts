import { await_, choose, compute, fork, int32, type Program, sleep, thread_create, yield_ } from 'ipclab/kernel'
import { decider } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { type Given, independent, made, once } from '../helpers/deciding.ts'

describe('policies', () => {
  test('fifo runs a thread until it waits or ends', () => {
    expect(once(independent(3, 2, 1), decider('fifo', '1')).order).toBe('T0 T0 T0 T1 T1 T2')
  })

  test.each([
    ['rr', 'T0 T1 T2 T0 T1 T0'],
    ['rr:quantum=2', 'T0 T0 T1 T1 T2 T0'],
    ['rr:3', 'T0 T0 T0 T1 T1 T2'],
  ])('%s gives each ready thread its slice in turn', (text, order) => {
    expect(once(independent(3, 2, 1), decider(text, '1')).order).toBe(order)
  })

  test('yield_ ends a slice early, under fifo too', () => {
    const one = made({ A: yields('A'), B: yields('B') })
    expect(once(one, decider('fifo', '1')).ghost).toBe('A1 B1 A2 B2')
  })

  test('a step takes a unit of time, compute(n) takes n, and a sleeper is woken when it is due', () => {
    const one = made({
      *A({ ghost }) {
        yield* sleep(10)
        ghost.push('A')
      },
      *B({ ghost }) {
        for (let i = 1; i <= 4; i++) {
          yield* compute(4)
          ghost.push(`B${i}`)
        }
      },
    })
    // A sleeps from 1 to 11; B's computations end at 5, 9, 13 and 17. A call has its effect when its time is over.
    expect(once(one, decider('fifo', '1'))).toMatchObject({ ghost: 'B1 B2 A B3 B4', clock: 17 })
  })

  test('when all wait, the clock jumps to the next timer', () => {
    const one = made({
      *A({ ghost }) {
        yield* sleep(1000)
        ghost.push('A')
      },
    })
    expect(once(one, decider('rr', '1'))).toEqual({ order: 'A A', ghost: 'A', clock: 1001 })
  })

  test('who lost and regained its turn while it stood in line has one place there, not two', () => {
    const loads = function* ({ shared }: Given): Program {
      for (let i = 0; i < 6; i++) yield* int32(shared.base).load(1)
    }
    // In A's first slice C's condition comes, goes, and comes again.
    const one = made({
      *A(context) {
        for (const value of [1, 0, 1]) yield* int32(context.shared.base).store(0, value)
        yield* loads(context)
      },
      B: loads,
      *C(context) {
        yield* await_(context.shared.base, 'i32', (value) => value === 1)
        yield* loads(context)
      },
    })
    expect(once(one, decider('rr:3', '1')).order).toBe('A A A B B B C C C A A A B B B C C C A A A C')
  })

  test('a thread that is made goes to the tail', () => {
    const one = made({
      *A({ ghost }) {
        yield* thread_create(function* () {
          ghost.push('new')
          yield* choose(1)
        })
        yield* choose(1)
        yield* choose(1)
      },
      *B() {
        yield* choose(1)
      },
    })
    expect(once(one, decider('rr', '1')).order).toMatch(/^A B A\.1\+ A/)
  })
})

describe('priority', () => {
  const work = (name: string, priority: number, steps = 2) => ({
    priority,
    *program({ ghost }: Given): Program {
      for (let i = 1; i <= steps; i++) {
        yield* choose(1)
        ghost.push(`${name}${i}`)
      }
    },
  })

  test('the most urgent runs first, and those who do not say are of priority 0', () => {
    const one = made({ low: work('l', -1), plain: work('p', 0).program, high: work('h', 1) })
    expect(once(one, decider('priority', '1')).ghost).toBe('h1 h2 p1 p2 l1 l2')
  })

  test('one that becomes ready takes the CPU at once; who is put off goes on before its equals', () => {
    const one = made({
      A: work('a', 0, 4),
      B: work('b', 0),
      high: {
        priority: 2,
        *program({ ghost }) {
          yield* sleep(2)
          ghost.push('wakes')
          yield* choose(1)
          ghost.push('high')
        },
      },
    })
    // high sets its timer at 1; it is due at 3, when A's second step is over.
    expect(once(one, decider('priority', '1')).ghost).toBe('a1 a2 wakes high a3 a4 b1 b2')
  })

  test('yield_ lets an equal go first, and nobody less urgent', () => {
    const one = made({
      A: { priority: 1, program: yields('A') },
      B: { priority: 1, program: yields('B') },
      C: { priority: 0, program: yields('C') },
    })
    expect(once(one, decider('priority', '1')).ghost).toBe('A1 B1 C1 A2 B2 C2')
  })

  test('children have the priority of their parent', () => {
    const one = made({
      parent: {
        priority: 1,
        *program({ ghost }) {
          yield* fork(function* child() {
            yield* choose(1)
            ghost.push('child')
          })
        },
      },
      other: work('o', 0),
    })
    expect(once(one, decider('priority', '1')).ghost).toBe('child o1 o2')
  })
})

const yields = (name: string) =>
  function* ({ ghost }: Given): Program {
    ghost.push(`${name}1`)
    yield* yield_()
    ghost.push(`${name}2`)
    yield* choose(1)
  }
