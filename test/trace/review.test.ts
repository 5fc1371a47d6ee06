import { expect, test } from 'vitest'
import { int32, map_anonymous, scenario, yield_ } from '../../kernel/index.ts'
import { replay } from '../../scheduler/index.ts'
import { record, review } from '../../trace/index.ts'

const flags = scenario('one waits for another', {
  params: { waiters: { default: 1, about: 'how many wait' } },
  *setup() {
    return int32(yield* map_anonymous(8, { name: 'flags' }))
  },
  programs: {
    setter: {
      *program({ shared: flag }) {
        yield* yield_()
        yield* flag.store(1, 1)
        yield* flag.store(1, 2)
      },
    },
    waiter: {
      copies: ({ waiters }) => waiters,
      *program({ shared: flag }) {
        yield* flag.await_(1, (value) => value === 1, 'plain')
        yield* flag.await_(1, (value) => value === 3, 'plain')
      },
    },
  },
  expect: 'deadlock',
})

test('a review tells who had to wait when, and what lay at addresses', () => {
  const trace = record(flags, { decider: replay(['setter', 'setter', 'waiter1']) })
  const { waits, places, threads } = review(trace, flags)
  expect(threads).toEqual(['setter', 'waiter1'])
  expect(waits).toMatchObject([
    { thread: 'waiter1', call: 'await', from: 0, to: 2, places: { address: 'flags+4' } },
    { thread: 'waiter1', call: 'await', from: 3, to: null, places: { address: 'flags+4' } },
  ])
  expect(waits[0]?.line).toMatch(/review\.test\.ts:\d+$/)
  expect(places).toEqual([{}, {}, { address: 'flags+4' }, { address: 'flags+4' }, { address: 'flags+4' }])
})

test('it leaves the trace as it is, and of very many threads tells no waits', () => {
  const trace = record(flags, { decider: replay([]), params: { waiters: 2000 }, maxSteps: 100_000 })
  const text = trace.text
  const { waits, places } = review(trace, flags)
  expect(waits).toEqual([])
  expect(places).toHaveLength(trace.steps + 1)
  expect(trace.text).toBe(text)
})
