import fc from 'fast-check'
import { exit, kill, load, map_anonymous, type Program, rmw, type Scenario, scenario, store } from 'ipclab/kernel'
import { dfs, dpor } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { seenBy } from '../helpers/ends.ts'

/** Programs that end each other, and say by their exit codes what each of their calls returned. */

type Op = readonly ['add' | 'load' | 'store', word: number] | readonly ['kill', whom: 'p' | 'q' | 'r']
type Case = readonly [p: readonly Op[], q: readonly Op[], r: readonly Op[]]

function killing([p, q, r]: Case): Scenario {
  const program =
    (ops: readonly Op[]) =>
    ({ shared, pids }: { shared: number; pids: Readonly<Record<string, number>> }): Program =>
      told(ops, shared, pids)
  return scenario('killing', {
    *setup() {
      return yield* map_anonymous(4096)
    },
    programs: { p: program(p), q: program(q), r: program(r) },
    expect: 'holds',
  }) as unknown as Scenario // nobody looks at its types
}

function* told(ops: readonly Op[], at: number, pids: Readonly<Record<string, number>>): Program {
  let sum = 1
  for (const [op, what] of ops) sum = (sum * 31 + (yield* result(op, what, at, pids))) % 251
  yield* exit(sum)
}

function* result(op: Op[0], what: Op[1], at: number, pids: Readonly<Record<string, number>>): Program<number> {
  if (op === 'kill') {
    try {
      yield* kill(pids[what] ?? 0, 'SIGKILL')
      return 0
    } catch {
      return 9 // ESRCH: it has ended
    }
  }
  const address = at + 4 * Number(what)
  if (op === 'add') return Number(yield* rmw('add', address, 'i32', 1))
  if (op === 'load') return Number(yield* load(address, 'i32'))
  yield* store(address, 'i32', 5)
  return 0
}

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('add', 'load', 'store'), fc.integer({ min: 0, max: 1 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('kill'), fc.constantFrom('p', 'q', 'r')) },
)
const ops = fc.array(op, { maxLength: 3 })

test('sees every end of programs that kill each other', () => {
  const runs = Number(process.env.RUNS ?? 30)
  fc.assert(
    fc.property(ops, ops, ops, (p, q, r) => {
      const made = killing([p, q, r])
      const every = seenBy(made, dfs(), 3_000)
      fc.pre(every !== null)
      expect(seenBy(made, dpor(), 3_000)?.ends).toEqual(every?.ends)
      expect(seenBy(made, dpor({ source: true }), 3_000)?.ends).toEqual(every?.ends)
    }),
    {
      numRuns: runs,
      ...(process.env.RUNS === undefined ? { seed: 1 } : {}),
      examples: [
        [
          [['add', 1]],
          [
            ['load', 0],
            ['kill', 'r'],
            ['add', 1],
          ],
          [
            ['add', 0],
            ['add', 0],
          ],
        ],
      ],
    },
  )
})
