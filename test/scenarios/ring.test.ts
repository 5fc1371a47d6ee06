import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Exploration, explore } from '../../explore/index.ts'
import type { AnyValues, Scenario } from '../../kernel/index.ts'
import { loadScenarioFile } from '../../trace/scenario-file.ts'
import { proofs, prove } from './ring-proofs.ts'

/** The algorithms of ipc/ring, as scenarios/ring has them: proved where they are small, tried where they are larger. */

const folder = join(import.meta.dirname, '../../scenarios/ring')
const load = async (name: string, from = folder): Promise<Scenario> =>
  (await loadScenarioFile(join(from, `${name}.ts`))).scenario

const verdictOf = ({ verdict, failure }: Exploration): string => failure?.kind ?? verdict

/** Times as many runs as in every test. */
const TIMES = Number(process.env.RUNS ?? 1)

test.each(proofs.filter(({ short }) => short === true))('$name with $params, dies: $dies, is proved', async (proof) => {
  const { wrong, deaths } = await prove(proof, 20_000)
  expect(wrong, wrong?.text).toBeNull()
  if (proof.dies !== undefined) expect(deaths).toBeGreaterThan(4)
})

/** Too large for that in every test. */
const larger: [name: string, params: AnyValues][] = [
  ['spsc', { messages: 3 }],
  ['spsc', { messages: 20, slots: 4, held: 3, lump: 2 }],
  ['spsc', { messages: 6, closes: 'outside' }],
  ['spsc', { messages: 3, dies: 'producer' }],
  ['spsc', { messages: 3, dies: 'producer', held: 2, closes: 'nobody' }],
  ['spsc', { messages: 3, dies: 'consumer' }],
  ['records', { records: 4, closes: true }],
  ['records', { closes: true, dies: 'producer' }],
  ['records', { records: 4, closes: true, lump: 2, dies: 'consumer' }],
  ['records', { words: 16, longest: 8, records: 20, lump: 2 }],
  ['mpsc', { lanes: 2, slots: 2, messages: 2, closes: true }],
  ['mpsc', { lanes: 3, slots: 2, messages: 4, lump: 2 }],
  ['mpsc', { messages: 2, closes: true, dies: 'producer1' }],
  ['mpmc', { messages: 2, closes: true }],
  ['mpmc', { messages: 3, slots: 2 }],
  ['mpmc', { producers: 2, consumers: 2, slots: 2, messages: 3, closes: true, stale: true }],
  ['mpmc', { producers: 2, consumers: 2, slots: 2, messages: 2, closes: true, dies: 'producer1' }],
  ['mpmc', { producers: 2, consumers: 2, slots: 1, messages: 2, closes: true, dies: 'consumer1' }],
]

test.each(larger)('%s with %j holds', async (name, params) => {
  for (const strategy of TIMES > 1 ? ['random', 'pct', 'dpor'] : ['random', 'pct']) {
    const found = await explore(await load(name), { strategy, params, executions: 100 * TIMES })
    expect([found.failure?.name, found.neverReached], found.text).toEqual([undefined, []])
  }
})

/** A mistake: in which file, what is written there and what in its place; which scenario shows it, and how. */
interface Mistake {
  readonly in: string
  readonly edits: readonly (readonly [from: string, to: string])[]
  readonly shows: string
  readonly params?: AnyValues
  readonly failure: string
}

const PUBLISH = `if (((yield* Atomics.exchange(cells, cell, position)) & ASLEEP) !== 0) yield* Atomics.notify(cells, cell)
}

export function* publishAndRing`
const publishing = (steps: string): readonly [string, string] => [
  PUBLISH,
  `${steps}\n}\n\nexport function* publishAndRing`,
]

const mistakes: { readonly [what: string]: Mistake } = {
  'who publishes looks for a sleeper first': {
    in: 'protocol',
    edits: [
      publishing(`const before = yield* Atomics.load(cells, cell)
  yield* Atomics.store(cells, cell, position)
  if ((before & ASLEEP) !== 0) yield* Atomics.notify(cells, cell)`),
    ],
    shows: 'protocol',
    failure: 'deadlock',
  },
  'who publishes looks for a sleeper afterwards, when the mark is gone': {
    in: 'protocol',
    edits: [
      publishing(`yield* Atomics.store(cells, cell, position)
  if (((yield* Atomics.load(cells, cell)) & ASLEEP) !== 0) yield* Atomics.notify(cells, cell)`),
    ],
    shows: 'protocol',
    failure: 'deadlock',
  },
  'who publishes wakes nobody': {
    in: 'protocol',
    edits: [publishing('yield* Atomics.exchange(cells, cell, position)')],
    shows: 'protocol',
    failure: 'deadlock',
  },
  'who sleeps leaves no mark': {
    in: 'protocol',
    edits: [
      [
        'return ((yield* Atomics.compareExchange(cells, cell, position, position | ASLEEP)) & ~ASLEEP) === position',
        'return (yield* published(cells, cell)) === position',
      ],
      ['return { cell: POSITION, value: position | ASLEEP }', 'return { cell: POSITION, value: position }'],
    ],
    shows: 'protocol',
    failure: 'deadlock',
  },
  'the mark is stored, whatever is there': {
    in: 'protocol',
    edits: [
      [
        'return ((yield* Atomics.compareExchange(cells, cell, position, position | ASLEEP)) & ~ASLEEP) === position',
        'yield* Atomics.store(cells, cell, position | ASLEEP)\n  return true',
      ],
    ],
    shows: 'protocol',
    failure: 'deadlock',
  },
  'nobody looks again after the mark': {
    in: 'protocol',
    edits: [['if ((yield* waiter.look()) === null) yield* Atomics.wait', 'yield* Atomics.wait']],
    shows: 'protocol',
    params: { closes: 'publisher' },
    failure: 'deadlock',
  },
  'the message is written after it was published': {
    in: 'spsc',
    edits: [
      [
        `yield* this.lane.cells.set(slotOf(this.lane, this.at), message)
    this.at = (this.at + 2) | 0
    this.#told = this.at`,
        'this.at = (this.at + 2) | 0\n    this.#told = this.at',
      ],
      [
        `yield* publishAndRing(cells, at + WRITTEN, this.at, bell)
    return true`,
        `yield* publishAndRing(cells, at + WRITTEN, this.at, bell)
    yield* cells.set(slotOf(this.lane, this.at - 2), message)
    return true`,
      ],
    ],
    shows: 'spsc',
    failure: 'data race',
  },
  'the message is read after its slot was given back': {
    in: 'spsc',
    edits: [
      ['const message = yield* this.lane.cells.get(slotOf(this.lane, this.#at))\n    this.#onRead(message)\n', ''],
      [
        'yield* this.#consumed(1)\n    return message',
        `yield* this.#consumed(1)
    const message = yield* this.lane.cells.get(slotOf(this.lane, this.#at - 2))
    this.#onRead(message)
    return message`,
      ],
    ],
    shows: 'spsc',
    params: { lump: 1, slots: 1, messages: 2, closes: 'nobody' },
    failure: 'data race',
  },
  'slots are not given back before sleeping': {
    in: 'spsc',
    edits: [
      [
        'if (this.#at !== this.#until) return true\n    yield* this.giveBack()\n',
        'if (this.#at !== this.#until) return true\n',
      ],
      ['protected *settle(): Program {\n    yield* this.giveBack()', 'protected *settle(): Program {'],
    ],
    shows: 'spsc',
    params: { lump: 3, messages: 3 },
    failure: 'deadlock',
  },
  'what is held back is not published before sleeping': {
    in: 'spsc',
    edits: [
      ['*#hasRoom(): Program<boolean> {\n    yield* this.flush()', '*#hasRoom(): Program<boolean> {'],
      ['protected *settle(): Program {\n    yield* this.flush()', 'protected *settle(): Program {'],
    ],
    shows: 'spsc',
    params: { held: 3, messages: 3 },
    failure: 'deadlock',
  },
  'positions are compared by <': {
    in: 'spsc',
    edits: [['if (this.#at !== this.#until) return true', 'if (this.#at < this.#until) return true']],
    shows: 'spsc',
    failure: 'invariant',
  },
  'whether it was closed is looked at behind what was sent': {
    in: 'spsc',
    edits: [
      [
        "const fate = yield* this.fate()\n    return (yield* this.#hasMore()) ? 'ready' : fate",
        "return (yield* this.#hasMore()) ? 'ready' : yield* this.fate()",
      ],
    ],
    shows: 'spsc',
    failure: 'invariant',
  },
  'a dead one is declared dead where it had the end still, and nobody else is woken': {
    in: 'ends',
    edits: [
      [
        'yield* freeEnd(lane.cells, cell, word, DIED)\n  yield* rouseLane(lane)',
        'if (yield* freeEnd(lane.cells, cell, word, DIED)) yield* rouseLane(lane)',
      ],
    ],
    shows: 'spsc',
    params: { dies: 'producer', messages: 1 },
    failure: 'deadlock',
  },
  'an end is freed whoever has it': {
    in: 'ends',
    edits: [['if ((word & ~CLOSED) !== (ours & ~CLOSED)) return false\n', '']],
    shows: 'ends',
    params: { others: 2 },
    failure: 'invariant',
  },
  'there need be room for the record only, not for what is skipped': {
    in: 'records',
    edits: [['this.#wanted = skipped + need', 'this.#wanted = need']],
    shows: 'records',
    params: { words: 8, longest: 4, records: 8 },
    failure: 'data race',
  },
  'nobody changes the bell': {
    in: 'protocol',
    edits: [['if (bell !== cell) yield* Atomics.add(cells, bell, 1)\n', '']],
    shows: 'mpsc',
    failure: 'deadlock',
  },
  'a slot is said to be full before the message is in it': {
    in: 'mpmc',
    edits: [
      [
        'yield* cells.set(cell + slots, message)\n        yield* this.pass(cell, state(lap, FULL, 0))',
        'yield* this.pass(cell, state(lap, FULL, 0))\n        yield* cells.set(cell + slots, message)',
      ],
    ],
    shows: 'mpmc',
    failure: 'data race',
  },
  'a slot is said to be free before its message is read': {
    in: 'mpmc',
    edits: [
      [
        'const message = yield* cells.get(cell + slots)\n        this.#onRead(message)\n        yield* this.pass(cell, this.freeAfter(lap))',
        'yield* this.pass(cell, this.freeAfter(lap))\n        const message = yield* cells.get(cell + slots)\n        this.#onRead(message)',
      ],
    ],
    shows: 'mpmc',
    params: { messages: 2 },
    failure: 'data race',
  },
  'laps are compared by <': {
    in: 'mpmc',
    edits: [
      [
        'const difference = (lapOf(seen) - lap) & (this.ring.laps - 1)\n    return difference < this.ring.laps / 2 ? difference : difference - this.ring.laps',
        'return lapOf(seen) - lap',
      ],
    ],
    shows: 'mpmc',
    params: { messages: 2 },
    failure: 'step limit',
  },
  'who closes wakes nobody': {
    in: 'mpmc',
    edits: [['for (let cell = STATES; cell < STATES + slots; cell++) yield* rouse(cells, cell)\n', '']],
    shows: 'mpmc',
    params: { closes: true },
    failure: 'deadlock',
  },
  'the end is put where others sleep, and they are not woken': {
    in: 'mpmc',
    edits: [
      [
        'yield* this.change(cell, seen, state(lap, END, 0))',
        'yield* Atomics.compareExchange(this.ring.cells, cell, seen, state(lap, END, 0))',
      ],
    ],
    shows: 'mpmc',
    params: { consumers: 2, closes: true },
    failure: 'deadlock',
  },
  'one is woken of all that sleep on a slot': {
    in: 'mpmc',
    edits: [['!== 0) yield* Atomics.notify(cells, cell)', '!== 0) yield* Atomics.notify(cells, cell, 1)']],
    shows: 'mpmc',
    params: { producers: 1, consumers: 2, closes: true, messages: 2 },
    failure: 'deadlock',
  },
  'a void slot is passed on by whoever comes, not by the first': {
    in: 'mpmc',
    edits: [
      [
        'if ((yield* Atomics.compareExchange(cells, cell, from, to)) === from) yield* Atomics.notify(cells, cell)',
        'yield* Atomics.exchange(cells, cell, to)\n    yield* Atomics.notify(cells, cell)',
      ],
    ],
    shows: 'mpmc',
    params: { producers: 2, consumers: 2, closes: true, messages: 2, dies: 'producer1' },
    failure: 'invariant',
  },
  'who passes a void slot on wakes nobody': {
    in: 'mpmc',
    edits: [
      [
        'if ((yield* Atomics.compareExchange(cells, cell, from, to)) === from) yield* Atomics.notify(cells, cell)',
        'yield* Atomics.compareExchange(cells, cell, from, to)',
      ],
    ],
    shows: 'mpmc',
    params: { producers: 2, consumers: 1, closes: true, messages: 2, dies: 'producer1' },
    failure: 'deadlock',
  },
  'who claims a slot does not put its name on it': {
    in: 'mpmc',
    edits: [['free, state(lap, CLAIMED, this.number))', 'free, state(lap, CLAIMED, 0))']],
    shows: 'mpmc',
    params: { closes: true, dies: 'producer1' },
    failure: 'deadlock',
  },
  'of who has died only the slots are looked at that have its name': {
    in: 'mpmc',
    edits: [['    yield* Atomics.notify(cells, cell)\n  }\n  yield* freeEnd', '  }\n  yield* freeEnd']],
    shows: 'mpmc',
    params: { closes: true, messages: 2, dies: 'consumer1' },
    failure: 'deadlock',
  },
}

describe('a mistake planted into the algorithm is found:', () => {
  const here = mkdtempSync(join(tmpdir(), 'ipclab-ring-'))
  afterAll(() => rmSync(here, { recursive: true, force: true }))
  let folders = 0

  async function planted({ in: name, edits, shows }: Mistake): Promise<Scenario> {
    const copy = join(here, String(++folders))
    cpSync(folder, copy, { recursive: true })
    const file = join(copy, `${name}.ts`)
    let text = readFileSync(file, 'utf8')
    for (const [from, to] of edits) {
      const parts = text.split(from)
      expect(parts.length - 1, `how often ${name} has ${from}`).toBe(1)
      text = parts.join(to)
    }
    writeFileSync(file, text)
    return load(shows, copy)
  }

  test.each(Object.entries(mistakes))('%s', async (_what, mistake) => {
    const { params = {}, failure } = mistake
    const found = await explore(await planted(mistake), { params, shrink: false, executions: 40_000 })
    expect(verdictOf(found), found.text).toBe(failure)
  })
})

test('a record that takes more than half of the ring may never fit', async () => {
  const found = await explore(await load('records'), { params: { longest: 3 }, executions: 2_000, shrink: false })
  expect(verdictOf(found), found.text).toBe('deadlock')
})
