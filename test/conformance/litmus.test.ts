import { join } from 'node:path'
import { dfs, dpor, random } from 'ipclab/scheduler'
import { describe, expect, test } from 'vitest'
import { finalStates, type LitmusCase, litmus, type Row } from './litmus.ts'
import type { Op } from './litmus-program.ts'
import { inWords, play, readCases } from './runner.ts'

/** What can come of small programs, held against herd7: test/oracles/litmus/README.md. */

const recorded = readCases(litmus, join(import.meta.dirname, '../oracles/litmus/cases.jsonl'))
const allowedTo = ({ steps }: LitmusCase): Row[] => (steps[0]?.expected ?? []) as Row[]

test('under sequential consistency dpor comes to exactly the final states that there are', () => {
  expect(recorded).toHaveLength(1457)
  const differences = recorded.map((one) => play(litmus, one)).filter((difference) => difference !== null)
  expect(differences.map(inWords)).toEqual([])
})

/** Every k-th case; k is 1 where RUNS says so. */
const some = recorded.filter((_, index) => index % (process.env.RUNS === undefined ? 12 : 1) === 0)
const SCHEDULES_MAX = 3_000

test('so does every schedule together', () => {
  let compared = 0
  for (const one of some) {
    const decider = dfs()
    const states = finalStates(one.program, decider, SCHEDULES_MAX)
    if (!decider.complete) continue
    expect([one.id, states]).toEqual([one.id, allowedTo(one)])
    compared += 1
  }
  expect(compared).toBeGreaterThan(some.length / 2)
}, 600_000)

test('random runs come to some of them, and to no other', () => {
  let all = 0
  for (const one of some) {
    const allowed = new Set(allowedTo(one).map(String))
    const states = finalStates(one.program, random('litmus'), 50).map(String)
    expect([one.id, states.filter((state) => !allowed.has(state))]).toEqual([one.id, []])
    if (states.length === allowed.size) all += 1
  }
  expect(all).toBeGreaterThan(some.length / 2)
}, 600_000)

/** The program with some of its operations made otherwise. */
type Otherwise = (op: Op) => readonly Op[]

function changed(ops: readonly Op[], otherwise: Otherwise): Op[] {
  return ops.flatMap((op) => otherwise(op.op === 'if' ? { ...op, body: changed(op.body, otherwise) } : op))
}

describe('the cases notice', () => {
  test.each<[string, Otherwise, number]>([
    [
      'an exchange in two steps',
      (op) =>
        op.op === 'rmw' && op.kind === 'xchg'
          ? [
              { ...op, op: 'load' },
              { ...op, op: 'store' },
            ]
          : [op],
      100,
    ],
    [
      'a comparison and an exchange in two steps',
      (op) =>
        op.op === 'rmw' && op.expected !== null
          ? [
              { ...op, op: 'load' },
              { op: 'if', reg: op.reg, cmp: 'eq', value: op.expected, body: [{ ...op, op: 'store' }] },
            ]
          : [op],
      50,
    ],
    [
      'a comparison that does not keep the exchange away',
      (op) => (op.op === 'rmw' && op.kind === 'cas' ? [{ ...op, kind: 'xchg', expected: null }] : [op]),
      100,
    ],
    [
      'a comparison that always does',
      (op) => (op.op === 'rmw' && op.kind === 'cas' ? [{ ...op, op: 'load' }] : [op]),
      100,
    ],
    ['a condition that is not looked at', (op) => (op.op === 'if' ? op.body : [op]), 100],
    [
      'a condition turned round',
      (op) => (op.op === 'if' ? [{ ...op, cmp: op.cmp === 'eq' ? 'ne' : 'eq' }] : [op]),
      100,
    ],
    ['a store that is lost', (op) => (op.op === 'store' && op.order === 'release' ? [] : [op]), 100],
  ])('%s', (_name, otherwise, least) => {
    const noticed = recorded.filter(({ program, ...one }) => {
      const threads = program.threads.map((ops) => changed(ops, otherwise))
      if (JSON.stringify(threads) === JSON.stringify(program.threads)) return false
      return play(litmus, { ...one, program: { ...program, threads } }) !== null
    })
    expect(noticed.length).toBeGreaterThan(least)
  })
})

describe('what is no case', () => {
  const one = {
    id: 'x',
    family: 'X',
    init: { x: 0 },
    threads: [[{ op: 'load', loc: 'x', reg: 'r0', order: 'rlx' }]],
    observe: ['0:r0', 'x'],
    allowed: { sc: [[0, 0]] },
  }
  const thread = (op: object) => ({ threads: [[op]] })

  test('as it should be it is one', () => {
    expect(play(litmus, litmus.read(one))).toBeNull()
    expect(finalStates(litmus.read(one).program, dpor(), 9)).toEqual([[0, 0]])
  })

  test.each([
    [{ id: 1 }, 'id is no text'],
    [{ init: [] }, 'x: init is no object'],
    [{ init: { x: 'a' } }, 'x: init of x is no whole number'],
    [{ threads: {} }, 'x: threads is no list'],
    [{ observe: ['y'] }, 'x: there is no y to observe'],
    [{ observe: ['1:r0'] }, 'x: there is no 1:r0 to observe'],
    [{ allowed: {} }, 'x: allowed.sc is no list'],
    [thread({ op: 'nix' }), "x: there is no operation 'nix'"],
    [thread({ op: 'load', loc: 'y', reg: 'r0', order: 'rlx' }), 'x: init has no y'],
    [thread({ op: 'load', loc: 'x', order: 'rlx' }), 'x: reg is no text'],
    [thread({ op: 'fence', order: 'strong' }), "x: there is no order 'strong'"],
    [thread({ op: 'store', loc: 'x', value: 'r0', order: 'rlx' }), 'x: value is no object'],
    [thread({ op: 'rmw', kind: 'nand' }), "x: there is no rmw 'nand'"],
    [thread({ op: 'rmw', kind: 'cas', loc: 'x', value: 1, reg: 'r0', order: 'rlx' }), 'x: expected is no whole number'],
    [thread({ op: 'if', cmp: 'lt' }), "x: there is no comparison 'lt'"],
  ])('%j', (fields, words) => {
    expect(() => litmus.read({ ...one, ...fields })).toThrow(words)
  })
})
