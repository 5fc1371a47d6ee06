import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  assert,
  explore,
  keptOf,
  load,
  map_anonymous,
  type Program,
  type Scenario,
  scenario,
  store,
  writeKept,
} from 'ipclab'
import { sem_init, sem_post, sem_wait } from 'ipclab/posix'
import { afterAll, expect, test } from 'vitest'
import { aligned } from '../../testing/vitest/aligned.ts'
import { tryKept } from '../../testing/vitest/kept.ts'
import type { KeptStep } from '../../trace/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'ipclab-kept-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0

/** The schedule of a failure, in a file. */
async function kept(made: Scenario): Promise<string> {
  const { failure } = await explore(made)
  if (failure === null) throw new Error('it fails')
  const path = join(folder, `${++files}.json`)
  writeKept(keptOf(failure.trace), path)
  return path
}

/** Calls that have nothing to do with the rest, and before which of a program's own calls they stand. */
interface Junk {
  readonly calls: readonly ('load' | 'store' | 'wait')[]
}

const BESIDE = 128

function* some({ calls }: Junk = { calls: [] }, at: number): Program {
  for (const call of calls) {
    if (call === 'load') yield* load(at + BESIDE, 'i32')
    if (call === 'store') yield* store(at + BESIDE, 'i32', 5)
    if (call === 'wait') {
      yield* sem_wait(at + BESIDE + 32)
      yield* sem_post(at + BESIDE + 32)
    }
  }
}

function* memory(): Program<number> {
  const at = yield* map_anonymous(512, { name: 'common' })
  for (const offset of [0, 32, BESIDE + 32]) yield* sem_init(at + offset, 1, 1)
  yield* store(at + 64, 'i32', 0)
  return at
}

const NAMES = ['p', 'q'] as const
type Edit = Readonly<Record<(typeof NAMES)[number], readonly Junk[]>>
const NONE: Edit = { p: [], q: [] }

/** An update is lost. */
function adding(edit: Edit = NONE): Scenario {
  function* add(at: number, junk: readonly Junk[]): Program {
    yield* some(junk[0], at)
    const seen = yield* load(at + 64, 'i32')
    yield* some(junk[1], at)
    yield* store(at + 64, 'i32', seen + 1)
    yield* some(junk[2], at)
  }
  return scenario('adding', {
    setup: memory,
    programs: { p: ({ shared }) => add(shared, edit.p), q: ({ shared }) => add(shared, edit.q) },
    atEnd: { 'none is lost': ({ load, shared }) => load(shared + 64, 'i32') === 2 },
    expect: 'violates: none is lost',
  })
}

/** Two semaphores in two orders. */
function crossing(edit: Edit = NONE): Scenario {
  function* both(at: number, first: number, second: number, junk: readonly Junk[]): Program {
    yield* some(junk[0], at)
    yield* sem_wait(at + first)
    yield* some(junk[1], at)
    yield* sem_wait(at + second)
    yield* some(junk[2], at)
    yield* sem_post(at + second)
    yield* sem_post(at + first)
  }
  return scenario('crossing', {
    setup: memory,
    programs: { p: ({ shared }) => both(shared, 0, 32, edit.p), q: ({ shared }) => both(shared, 32, 0, edit.q) },
    expect: 'deadlock',
  })
}

const junk = fc.record({ calls: fc.array(fc.constantFrom('load', 'store', 'wait'), { maxLength: 3 }) })
const edits = fc.record({ p: fc.array(junk, { maxLength: 3 }), q: fc.array(junk, { maxLength: 3 }) })

const count = (edit: Edit): number => NAMES.flatMap((name) => edit[name].flatMap(({ calls }) => calls)).length

test.each([
  ['a lost update', adding, 'none is lost'],
  ['a deadlock', crossing, 'deadlock'],
])(
  '%s still fails whatever unrelated calls are put between, and guesses are told where it took any',
  async (_, made, name) => {
    const path = await kept(made())
    fc.assert(
      fc.property(edits, (edit) => {
        const { trace, guesses } = tryKept(path, made(edit), {})
        expect(trace.verdict.failure?.name).toBe(name)
        if (count(edit) === 0) expect(guesses).toEqual([])
      }),
      { numRuns: 100 },
    )
  },
)

test('the other way round, too: what was kept with calls that are gone still fails without them', async () => {
  const cases = fc.sample(edits, { numRuns: 20, seed: 1 })
  for (const edit of cases) {
    for (const [made, name] of [
      [adding, 'none is lost'],
      [crossing, 'deadlock'],
    ] as const) {
      const { trace } = tryKept(await kept(made(edit)), made(), {})
      expect([edit, trace.verdict.failure?.name]).toEqual([edit, name])
    }
  }
})

test('as it was kept it takes no guess, and the run is the same', async () => {
  const path = await kept(adding())
  const { trace, guesses, kept: before } = tryKept(path, adding(), {})
  expect(guesses).toEqual([])
  expect(keptOf(trace)).toEqual(before)
})

const rounds = (name: string, most: number): Scenario =>
  scenario('rounds', {
    params: { [name]: { default: 3, about: 'how many', min: 1, max: most } },
    setup: memory,
    programs: {
      p: function* ({ params, shared }): Program {
        for (let i = 0; i < Number(params[name]); i++) yield* load(shared, 'i32')
      },
    },
    invariants: {
      'never three': ({ state }) => Object.values(state.threads).every(({ status }) => status !== 'exited'),
    },
    expect: 'violates: never three',
  })

test('the test goes before what was kept, and that before the scenario', async () => {
  const path = await kept(rounds('rounds', 9))
  const { params } = tryKept(path, rounds('rounds', 9), {}).kept
  expect(params).toEqual({ rounds: 1 }) // shrunk from 3
  expect(tryKept(path, rounds('rounds', 9), {}).trace.header.params).toEqual({ rounds: 1 })
  const asked = tryKept(path, rounds('rounds', 9), { params: { rounds: 5 } })
  expect(asked.trace.header.params).toEqual({ rounds: 5 })
  expect(asked.guesses[0]).toBe('it was kept with rounds=1, and the test asks for rounds=5')
  const gone = tryKept(path, rounds('tours', 9), {})
  expect(gone.trace.header.params).toEqual({ tours: 3 })
  expect(gone.guesses[0]).toBe('it was kept with rounds=1, which the scenario does not take any more')
})

test('limits and the order of waking are those that the search would have', async () => {
  const path = await kept(adding())
  const { trace } = tryKept(path, adding(), { maxSteps: 2, wakeOrder: 'lifo' })
  expect(trace.header).toMatchObject({ maxSteps: 2, wakeOrder: 'lifo' })
  expect(trace.verdict.failure?.name).toBe('step limit')
})

test('rows of calls are laid side by side with the most likeness, and of equals the last', async () => {
  const { failure } = await explore(adding({ p: [{ calls: ['load', 'load'] }], q: [] }), { shrink: false })
  if (failure === null) throw new Error('it fails')
  const step = (choice: string, call: string, about = 'common+64'): KeptStep => ({ choice, call, about })
  const then = [
    step('p', 'load'),
    step('q', 'load'),
    step('q', 'store'),
    { choice: 'p', call: 'yield' },
    step('p', 'store'),
  ]
  const found = aligned(then, failure.trace, 'another call')
  expect(found?.guesses).toEqual([
    'p makes load (common+128), of which the schedule does not know',
    'p makes load (common+128), of which the schedule does not know',
    'p does not make yield any more',
  ])
  expect(found?.steps.map(({ choice, call }) => `${choice} ${call}`)).toEqual([
    'p load',
    'p load',
    'p load',
    'q load',
    'q store',
    'p store',
  ])
  expect(aligned(keptOf(failure.trace).steps, failure.trace, 'another call')).toBeNull()
})

/** One waits by looking again and again until the other has written; `hasty`: it looks but once. */
const spinning = (hasty: boolean): Scenario =>
  scenario('spinning', {
    maxSteps: 2000,
    setup: memory,
    programs: {
      *waiter({ shared }) {
        let seen = yield* load(shared + 64, 'i32')
        while (!hasty && seen === 0) seen = yield* load(shared + 64, 'i32')
        yield* assert(seen === 1, 'it was written')
      },
      *writer({ shared }) {
        yield* store(shared + 64, 'i32', 1)
      },
    },
    expect: 'violates: it was written',
  })

test('a mended thread that spins is not left to itself behind the end of the schedule', async () => {
  const path = await kept(spinning(true))
  expect(tryKept(path, spinning(true), {}).failure?.name).toBe('it was written')
  const { trace, failure } = tryKept(path, spinning(false), {})
  expect(failure).toBeNull()
  expect(trace.verdict.ending).toBe('done')
})
