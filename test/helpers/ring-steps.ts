import type { Call, Program } from '../../kernel/index.ts'

/**
 * What the ring of ipc/ring and its model in scenarios/ring do to their cells, operation by operation. Both are run in one
 * thread, on memory of their own; at any operation a step of another side may come between, for both at the same one.
 */

/** `exchange WRITTEN 4: 2`: what was done, where, with what, and what came of it. */
export type Operation = string

/** Says what a cell is called; `null`: it is not looked at. */
export type Names = (cell: number) => string | null

export interface Between {
  /** Asked before each operation that is looked at, but while it is at work itself. */
  before(): void
  /** Somebody would sleep here. */
  asleep(): void
}

/** Notes operations, and lets others come between. */
export class Notes {
  readonly operations: Operation[] = []
  readonly #names: Names
  readonly #between: Between
  #inside = false

  constructor(names: Names, between: Between) {
    this.#names = names
    this.#between = between
  }

  /** Who is taken for dead and goes on may go on for ever: so far is enough. */
  get full(): boolean {
    return this.operations.length >= 2_000
  }

  around(op: string, cell: number, operands: readonly number[], act: () => number): number {
    const name = this.#names(cell)
    if (name === null) return act()
    this.#outside(() => this.#between.before())
    if (this.full) throw new Error('this has no end')
    const result = act()
    this.operations.push(`${op} ${[name, ...operands].join(' ')}: ${result}`)
    return result
  }

  wait(cell: number, expected: number, value: number): 'ok' | 'not-equal' {
    const result = value === expected ? 'ok' : 'not-equal'
    this.operations.push(`wait ${this.#names(cell)} ${expected}: ${result}`)
    if (result === 'ok') this.#outside(() => this.#between.asleep())
    return result
  }

  #outside(act: () => void): void {
    if (this.#inside) return
    this.#inside = true
    try {
      act()
    } finally {
      this.#inside = false
    }
  }
}

const real = globalThis.Atomics
type Ints = Int32Array<SharedArrayBuffer>

/** Runs what uses `Atomics` with every operation of it noted. */
function noting<T>(notes: Notes, run: () => T): T {
  const modify =
    (op: 'add' | 'and' | 'or' | 'exchange' | 'store') =>
    (cells: Ints, cell: number, value: number): number =>
      notes.around(op, cell, [value], () => real[op](cells, cell, value))
  const recording = {
    load: (cells: Ints, cell: number) => notes.around('load', cell, [], () => real.load(cells, cell)),
    store: modify('store'),
    add: modify('add'),
    and: modify('and'),
    or: modify('or'),
    exchange: modify('exchange'),
    compareExchange: (cells: Ints, cell: number, expected: number, value: number) =>
      notes.around('compareExchange', cell, [expected, value], () =>
        real.compareExchange(cells, cell, expected, value),
      ),
    // Nobody sleeps: there is one thread.
    notify: (_cells: Ints, cell: number) => notes.around('notify', cell, [], () => 0),
    wait: (cells: Ints, cell: number, value: number) => notes.wait(cell, value, real.load(cells, cell)),
  }
  globalThis.Atomics = recording as unknown as Atomics // no more of it is used by a ring that blocks
  try {
    return run()
  } finally {
    globalThis.Atomics = real
  }
}

/** Runs a program of the model on memory that it has alone. What is plain or relaxed is done, and not noted. */
export function modelled<T>(notes: Notes, memory: Int32Array, program: Program<T>): T {
  let next = program.next()
  while (next.done !== true) {
    const answer = perform(notes, memory, next.value)
    next = program.next(answer as never)
  }
  return next.value
}

interface Operands {
  readonly address: number
  readonly order?: string
  readonly op?: string
  readonly value?: number
  readonly expected?: number
  readonly desired?: number
}

function perform(notes: Notes, memory: Int32Array, call: Call<unknown>): unknown {
  const { name } = call.def
  const { address, order, op = '', value = 0, expected = 0, desired = 0 } = call.args as unknown as Operands // of those calls
  const cell = address / 4
  const noted = (what: string, operands: readonly number[], next: (old: number) => number, result?: number): number =>
    notes.around(what, cell, operands, () => {
      const old = memory[cell] ?? 0
      memory[cell] = next(old)
      return result ?? old
    })
  switch (name) {
    case 'load':
      return order === 'seq_cst' ? noted('load', [], (old) => old) : memory[cell]
    case 'store':
      if (order === 'seq_cst') return noted('store', [value], () => value, value)
      memory[cell] = value
      return undefined
    case 'rmw':
      return noted(op, [value], (old) => modifications[op]?.(old, value) ?? Number.NaN)
    case 'compare_exchange':
      return noted('compareExchange', [expected, desired], (old) => (old === expected ? desired : old))
    case 'Atomics.notify':
      return noted('notify', [], (old) => old, 0)
    case 'Atomics.wait':
      return notes.wait(cell, expected, memory[cell] ?? 0)
    default:
      throw new Error(`the model makes a call that is not known here: ${name}`)
  }
}

const modifications: { readonly [op: string]: (old: number, value: number) => number } = {
  add: (old, value) => (old + value) | 0,
  and: (old, value) => old & value,
  or: (old, value) => old | value,
  exchange: (_old, value) => value,
}

type Actions = { readonly [action: string]: () => unknown }

/** A ring with all its sides. */
export interface Subject {
  /** Whether its operations are those of JavaScript's `Atomics`. */
  readonly isReal: boolean
  readonly names: Names
  /** What each side can do: `consumer1 pop`. @param run runs a program of the model */
  actions(run: Run): Actions
}

export type Run = <T>(memory: Int32Array, program: Program<T>) => T

const sideOf = (action: string): string => action.split(' ')[0] ?? ''

interface Interruption {
  /** After so many operations since the last. */
  readonly after: number
  readonly action: number
}

/** All that is done to the cells when actions follow one another, with others between two operations. */
export function operationsOf(
  { isReal, names, actions }: Subject,
  series: readonly number[],
  between: readonly Interruption[],
) {
  const left = [...between]
  let passed = 0
  let side = ''
  const notes = new Notes(names, {
    before() {
      passed += 1
      const [next] = left
      if (next === undefined || passed < next.after) return
      left.shift()
      passed = 0
      const action = nth(next.action)
      if (sideOf(action) !== side) act(action)
    },
    asleep() {
      const other = side.startsWith('producer') ? /^consumer.* pop/ : /^producer.* push/
      for (const action of Object.keys(all)) if (other.test(action)) act(action)
    },
  })
  const all = actions((memory, program) => modelled(notes, memory, program))
  const nth = (number: number): string => Object.keys(all)[number % Object.keys(all).length] ?? ''
  const act = (action: string): void => {
    const result = all[action]?.()
    notes.operations.push(`${action}: ${String(result)}`)
  }
  function goThrough(): void {
    for (const number of series) {
      side = sideOf(nth(number))
      act(nth(number))
    }
  }
  try {
    if (isReal) noting(notes, goThrough)
    else goThrough()
  } catch (error) {
    if (!notes.full) throw error
  }
  return notes.operations
}
