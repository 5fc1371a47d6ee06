import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Args,
  boot,
  call,
  copy,
  type Data,
  defineCall,
  done,
  fail,
  finish,
  type KernelState,
  listSleepers,
  map_anonymous,
  PosixError,
  type Program,
  processOf,
  type Simulation,
  scenario,
  sleepOn,
  type Transact,
  threadOf,
} from '../../kernel/index.ts'
import { type Decider, decider, random, run } from '../../scheduler/index.ts'
import { Bytes } from '../../trace/bytes.ts'
import { EventWriter } from '../../trace/event.ts'
import { drafted, notATree } from '../helpers/drafted.ts'
import { type Case, faultyCases, scenarioOf } from '../helpers/random-programs.ts'

/** One run, step by step: the event's line and the state after it. */
class Stepper {
  readonly simulation: Simulation
  readonly #decider: Decider
  readonly #writer: EventWriter

  constructor(one: Case, decider: Decider, transact: Transact | null) {
    this.#decider = decider
    this.simulation = boot(scenarioOf(one), { door: decider, transact, once: true })
    this.simulation.start()
    decider.begin(this.simulation, 0)
    this.#writer = new EventWriter(this.simulation.machine)
  }

  get state(): KernelState {
    return this.simulation.state
  }

  /** The line of the next step; `null` when there is none. */
  step(): string | null {
    const { machine } = this.simulation
    if (machine.options === 0 || machine.trouble !== null || machine.steps >= 300) return null
    machine.step(this.#decider.next(machine))
    const bytes = new Bytes()
    this.#writer.write(bytes)
    return bytes.from(0)
  }
}

const deciders: Record<string, (seed: string) => Decider> = {
  random,
  fifo: () => decider('fifo', '1'),
  rr: () => decider('rr:quantum=2', '1'),
}
const runs = fc.record({ one: faultyCases, decider: fc.constantFrom('random', 'random', 'fifo', 'rr') })

test('in place and on drafts a kernel does the same, event for event and state for state', () => {
  fc.assert(
    fc.property(runs, ({ one, decider }) => {
      const make = deciders[decider] ?? random
      const inPlace = new Stepper(one, make(one.seed), null)
      const onDrafts = new Stepper(one, make(one.seed), drafted)
      expect(onDrafts.state).toEqual(inPlace.state)
      for (let line = inPlace.step(); line !== null; line = inPlace.step()) {
        expect(onDrafts.step()).toBe(line)
        if (!isDeepStrictEqual(onDrafts.state, inPlace.state)) expect(onDrafts.state).toEqual(inPlace.state)
      }
      expect(onDrafts.step()).toBeNull()
    }),
    { numRuns: 150 },
  )
})

interface Peeked extends Args {
  readonly how: 'value' | 'detail' | 'handed'
}

/** Hands out a piece of the state itself, as a careless call would. */
const peekDef = defineCall<Peeked, unknown>({
  name: 'peek_state',
  error: (code, name, detail) => new PosixError(code, name, detail),
  stages: [
    {
      attempt(kernel, thread, { how }) {
        const piece = processOf(kernel, thread).mappings as unknown as Data
        if (how === 'value') return done(kernel, { nested: [piece] })
        if (how === 'detail') return fail(kernel, 'EPEEK', piece)
        for (const id of listSleepers(kernel, 'peekers')) finish(kernel, threadOf(kernel, id), piece)
        return sleepOn(kernel, thread, 'peekers')
      },
    },
  ],
  giveUp: (kernel) => done(kernel),
})

test('what programs are handed under drafts is plain, and stays what it was', () => {
  const got: unknown[] = []
  const it = scenario('peeking', { programs: { p: { program: peeker, copies: 2 } }, expect: 'deadlock' })
  function* peeker(): Program {
    yield* map_anonymous(64)
    got.push(yield* call(peekDef, { how: 'value' }))
    try {
      yield* call(peekDef, { how: 'detail' })
    } catch (error) {
      got.push((error as PosixError).detail)
    }
    got.push(yield* call(peekDef, { how: 'handed' }))
    yield* map_anonymous(64)
  }
  const texts = [null, drafted].map((transact) => {
    got.length = 0
    const by = decider('fifo', '1')
    const simulation = boot(it, { door: by, transact })
    simulation.start()
    by.begin(simulation, 0)
    const seen: string[] = []
    run(simulation, by, { maxSteps: 100, observers: [() => void seen.push(JSON.stringify(got))] })
    expect(got.length).toBe(5)
    return seen
  })
  expect(texts[1]?.length).toBe(texts[0]?.length)
  for (let at = 1; at < (texts[1]?.length ?? 0); at++) {
    const [before, after] = [texts[1]?.[at - 1] ?? '', texts[1]?.[at] ?? '']
    expect(after.startsWith(before.slice(0, -1))).toBe(true)
  }
})

test('no state that drafts have left is changed by a later step', () => {
  fc.assert(
    fc.property(faultyCases, (one) => {
      const run = new Stepper(one, random(one.seed), drafted)
      const states: [kept: KernelState, copied: KernelState][] = []
      do states.push([run.state, copy(run.state)])
      while (run.step() !== null)
      for (const [kept, copied] of states) if (!isDeepStrictEqual(kept, copied)) expect(kept).toEqual(copied)
    }),
    { numRuns: 60 },
  )
})

test.each([
  ['in place', null],
  ['on drafts', drafted],
])('%s, the state at every step is a tree of plain data, and survives JSON and structuredClone', (_how, transact) => {
  fc.assert(
    fc.property(faultyCases, (one) => {
      const run = new Stepper(one, random(one.seed), transact)
      let line: string | null = 'before the first step'
      for (; line !== null; line = run.step()) {
        expect(notATree(run.state), line).toBeNull()
        expect(isDeepStrictEqual(JSON.parse(JSON.stringify(run.state)), run.state), line).toBe(true)
        expect(isDeepStrictEqual(structuredClone(run.state), run.state), line).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})
