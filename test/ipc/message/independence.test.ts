import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  MessageError,
  mailbox_create,
  mailbox_destroy,
  mailbox_open,
  mailbox_send,
} from '../../../ipc/message/index.ts'
import { type Program, scenario } from '../../../kernel/index.ts'
import { type Comparison, checkCanProceed, compareOrders } from '../../helpers/independence.ts'
import { scenarioOf, violent } from './programs.ts'

test('two steps whose footprints do not meet come to the same in either order', () => {
  let compared = 0
  fc.assert(
    fc.property(violent, fc.array(fc.nat(5), { maxLength: 15 }), (given, numbers) => {
      const result: Comparison = { compared: 0, differing: [] }
      compareOrders(scenarioOf(given), numbers, result)
      expect(result.differing).toEqual([])
      compared += result.compared
    }),
    { numRuns: 500 },
  )
  expect(compared).toBeGreaterThan(200)
})

test('so it is with making, finding and destroying mailboxes of one name and of several', () => {
  const names = ['a', 'b']
  const op = fc.tuple(fc.constantFrom('create', 'own', 'open', 'destroy'), fc.constantFrom(...names))
  const programs = fc.array(fc.array(op, { maxLength: 4 }), { minLength: 3, maxLength: 3 })
  function* interpret(ops: readonly (readonly [string, string])[]): Program {
    for (const [kind, name] of ops) {
      try {
        if (kind === 'create') yield* mailbox_create(name)
        else if (kind === 'own') yield* mailbox_create(name, { owner: 'process' })
        else if (kind === 'open') yield* mailbox_send(yield* mailbox_open(name), 1)
        else yield* mailbox_destroy(yield* mailbox_open(name))
      } catch (error) {
        if (!(error instanceof MessageError)) throw error
      }
    }
  }
  fc.assert(
    fc.property(programs, fc.array(fc.nat(5), { maxLength: 8 }), (ops, numbers) => {
      const made = scenario('mailboxes', {
        programs: {
          p: () => interpret(ops[0] ?? []),
          q: () => interpret(ops[1] ?? []),
          r: () => interpret(ops[2] ?? []),
        },
        expect: 'holds',
      })
      const result: Comparison = { compared: 0, differing: [] }
      compareOrders(made, numbers, result)
      expect(result.differing).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test('canProceed says whether an attempt would wait', () => {
  fc.assert(
    fc.property(violent, fc.array(fc.nat(5), { maxLength: 25 }), (given, numbers) => {
      checkCanProceed(scenarioOf(given), numbers)
    }),
    { numRuns: 300 },
  )
})
