import pc from 'picocolors'
import { expect, test } from 'vitest'
import { swimlane } from '../../cli/draw/swimlane.ts'
import { cut, table } from '../../cli/draw/table.ts'
import { assert, fork, int32, log, map_anonymous, type Program, scenario, sleep, wait } from '../../kernel/index.ts'
import { decider, replay } from '../../scheduler/index.ts'
import { record, review } from '../../trace/index.ts'

const colors = pc.createColors(false)

/** Blocks, wakes, logs, makes a child, and fails an assertion. */
const busy = scenario('busy', {
  *setup() {
    return { flag: int32(yield* map_anonymous(8, { name: 'flag' })) }
  },
  programs: {
    *waiter({ shared: { flag } }) {
      yield* flag.await_(0, (value) => value === 1, 'plain')
      yield* log('seen')
      yield* sleep(5)
      yield* assert(false, 'never here')
    },
    *setter({ shared: { flag } }) {
      yield* fork(child)
      yield* flag.store(0, 1)
      yield* wait()
    },
  },
  expect: 'violates: never here',
})

function* child(): Program {
  yield* sleep(1)
}

test('a column for each thread, a row for each step; who waits, who is woken, and what went wrong', () => {
  const trace = record(busy, { decider: decider('fifo', '1') })
  const lines = swimlane(trace, review(trace, busy), { width: 100, colors, stepsMax: 60 })
  expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    step  waiter                    setter                          setter/1
       1  ┊ waits in await(flag+0)  fork(child) = 4                 │
       2  │ woken                   store(flag+0, 1)                │
       3  │                         wait(-1) sleeps                 │
       4  │                         ┊                               sleep(1) sleeps
       5  await(flag+0) = 1         ┊                               ┊
          “seen”                    ┊                               ┊
       6  │                         ┊                               its timer: sleep(1)
       7  sleep(5) sleeps           ┊                               │
       8  ┊                         │ woken                         thread_exit()
       9  ┊                         wait(-1) = {"pid":4,"code":0,…
      10  its timer: sleep(5)
          ✗ never here
    "
  `)
})

test('a long run is drawn by its beginning and its end; who has waited since before is shown waiting', () => {
  const trace = record(busy, { decider: replay(['setter', 'setter/1', '!setter/1']) })
  const lines = swimlane(trace, review(trace, busy), { width: 100, colors, stepsMax: 4 })
  expect(lines.filter((line) => line.includes('left out'))).toHaveLength(1)
  expect(lines.join('\n')).toMatch(/⋮ {2}⋮ \d+ steps left out/)
})

test('where columns have no room, a step a line', () => {
  const trace = record(busy, { decider: decider('fifo', '1') })
  const lines = swimlane(trace, review(trace, busy), { width: 40, colors, stepsMax: 60 })
  expect(lines[0]).toBe('step  thread    call')
  expect(lines).toContain('   2  setter    store(flag+0, 1)')
})

test('with colours, the same text', () => {
  const trace = record(busy, { decider: decider('fifo', '1') })
  const painted = swimlane(trace, review(trace, busy), { width: 100, colors: pc.createColors(true), stepsMax: 60 })
  const bare = swimlane(trace, review(trace, busy), { width: 100, colors, stepsMax: 60 })
  const escape = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g')
  expect(painted.join('\n')).not.toBe(bare.join('\n'))
  expect(painted.map((line) => line.replace(escape, '').trimEnd())).toEqual(bare)
})

test('tables line up by width on the screen, and leave out columns with nothing in them', () => {
  const lines = table(
    ['a', 'b', 'c'],
    [
      ['漢字', '', 'x'],
      ['abc', '', 'y'],
    ],
  )
  expect(lines).toEqual(['a     c', '漢字  x', 'abc   y'])
  expect(cut('漢字漢字', 5)).toBe('漢字…')
  expect(cut('short', 5)).toBe('short')
})
