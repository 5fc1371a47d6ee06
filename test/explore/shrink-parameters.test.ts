import { expect, test } from 'vitest'
import { assert, int32, map_anonymous, scenario, type View } from '../../kernel/index.ts'
import philosophers from '../../scenarios/classic/philosophers.ts'
import { failureOf, shrunk } from '../helpers/shrunk.ts'

/** Parameters are lowered, where a failure in the same way is left that is no larger. */

test('five philosophers are two, if nobody has said that they shall be five', () => {
  const from = failureOf(philosophers, { philosophers: 5, meals: 3 })
  expect(shrunk(philosophers, from).params).toEqual({ philosophers: 2, meals: 1 })
  expect(shrunk(philosophers, from, { fixed: ['philosophers'] }).params).toEqual({ philosophers: 5, meals: 1 })
  expect(shrunk(philosophers, from, { fixed: ['philosophers', 'meals'] }).lowered).toEqual([])
})

test('none goes below its least value, or below 1, and one that the scenario does not take is none', () => {
  const count = scenario('at least', {
    params: {
      low: { default: 9, about: 'nothing' },
      zero: { default: 9, min: 0, about: 'nothing' },
      even: { default: 8, oneOf: [2, 4, 6, 8], about: 'nothing' },
      many: { default: 100, about: 'how many are needed' },
      odd: { default: 7, about: 'how many copies, which has to be odd' },
      half: { default: 2.5, about: 'no whole number' },
      name: { default: 'b', about: 'a text' },
      flag: { default: true, about: 'a boolean' },
    },
    programs: {
      *P({ params }) {
        yield* assert(params.many < 42 || params.even < 4, 'more than 41')
      },
      Q: { copies: ({ odd }) => (odd % 2 === 1 ? odd : -1), *program() {} },
    },
    expect: 'violates: more than 41',
  })
  const after = shrunk(count, failureOf(count))
  expect(after.params).toEqual({ low: 1, zero: 0, even: 4, many: 42, odd: 1, half: 2.5, name: 'b', flag: true })
})

/** Fails if main makes ten steps before all others, or all others before main: which, is a matter of n. */
test('a smaller program is searched, where the schedule is of no use to it', () => {
  const other = scenario('another way round', {
    params: { n: { default: 2, min: 1, about: 'who has to be first' } },
    *setup() {
      return int32(yield* map_anonymous(4096))
    },
    programs: {
      *main({ shared, params }) {
        for (let i = 0; i < 10; i++) yield* shared.load(0)
        yield* assert(params.n === 2 || (yield* shared.load(1)) !== 0, 'not first')
        yield* shared.store(0, 1)
      },
      *other({ shared, params }) {
        yield* shared.store(1, 1)
        for (let i = 0; i < 9; i++) yield* shared.load(1)
        yield* assert(params.n === 1 || (yield* shared.load(0)) !== 0, 'not first')
      },
    },
    expect: 'violates: not first',
  })
  const choices = Array<string>(11).fill('other')
  const failure = { kind: 'assertion', name: 'not first' } as const
  const from = { params: { n: 2 }, wakeOrder: 'any', maxSteps: 1_000, choices, failure } as const
  expect(shrunk(other, from).params).toEqual({ n: 1 })
})

test('and where there is too much to search, some random runs are made', () => {
  const many = scenario('many', {
    params: { n: { default: 2, min: 1, about: 'who they are' } },
    *setup() {
      return int32(yield* map_anonymous(4096))
    },
    programs: Object.fromEntries(
      [1, 2].map((n) => [
        `of${n}_`,
        {
          copies: ({ n: wanted }: { n: number }) => (wanted === n ? 8 : 0),
          *program({ shared }: { shared: View<'i32'> }) {
            for (let round = 0; round < 3; round++) yield* shared.store(0, (yield* shared.load(0)) + 1)
          },
        },
      ]),
    ),
    atEnd: { 'all are counted': ({ shared, load }) => load(shared.base, 'i32') === 24 },
    expect: 'violates: all are counted',
  })
  expect(shrunk(many, failureOf(many)).params).toEqual({ n: 1 })
})

test('a smaller program that fails only with more preemptions is not taken', () => {
  const few = scenario('few are worse', {
    params: { workers: { default: 3, min: 2, about: 'how many increment' } },
    *setup() {
      return int32(yield* map_anonymous(4096))
    },
    programs: {
      worker: {
        copies: ({ workers }) => workers,
        *program({ shared, params }) {
          // Three are wrong in any case.
          if (params.workers === 3) yield* shared.store(0, 5)
          else yield* shared.store(0, (yield* shared.load(0)) + 1)
        },
      },
    },
    atEnd: { 'as many': ({ params, shared, load }) => load(shared.base, 'i32') === params.workers },
    expect: 'violates: as many',
  })
  expect(shrunk(few, failureOf(few)).params).toEqual({ workers: 3 })
})
