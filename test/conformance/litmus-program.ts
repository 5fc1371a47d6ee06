import {
  compareExchange,
  load,
  type MemoryOrder,
  map_anonymous,
  type Program,
  rmw,
  type Scenario,
  scenario,
  store,
} from 'ipclab/kernel'
import { type Fields, list, object, text, whole } from './fields.ts'

/** The small programs of the litmus cases: test/oracles/litmus/README.md. */

export interface Litmus {
  readonly id: string
  readonly init: { readonly [location: string]: number }
  readonly threads: readonly (readonly Op[])[]
  /** Registers, as `0:r0`, and locations. */
  readonly observe: readonly string[]
}

export type Op =
  | { readonly op: 'store'; readonly loc: string; readonly value: Operand; readonly order: MemoryOrder }
  | { readonly op: 'load'; readonly loc: string; readonly reg: string; readonly order: MemoryOrder }
  | Rmw
  | { readonly op: 'fence'; readonly order: MemoryOrder }
  | {
      readonly op: 'if'
      readonly reg: string
      readonly cmp: 'eq' | 'ne'
      readonly value: number
      readonly body: readonly Op[]
    }

/** `reg` gets the old value; `expected` is null but for `cas`. */
export interface Rmw {
  readonly op: 'rmw'
  readonly kind: 'xchg' | 'add' | 'cas'
  readonly loc: string
  readonly value: Operand
  readonly reg: string
  readonly order: MemoryOrder
  readonly expected: number | null
}

/** A number, or what is in a register. */
type Operand = number | string

export type Registers = Record<string, number>

const ORDERS: ReadonlyMap<string, MemoryOrder> = new Map<string, MemoryOrder>([
  ['na', 'plain'],
  ['rlx', 'relaxed'],
  ['acq', 'acquire'],
  ['rel', 'release'],
  ['acq_rel', 'acq_rel'],
  ['sc', 'seq_cst'],
])

export function readLitmus(fields: Fields): Litmus {
  const id = text(fields.id, 'id')
  const init: Record<string, number> = {}
  for (const [location, value] of Object.entries(object(fields.init, `${id}: init`)))
    init[location] = whole(value, `${id}: init of ${location}`)
  const threads = list(fields.threads, `${id}: threads`).map((ops) => readOps(ops, id, init))
  const observe = list(fields.observe, `${id}: observe`).map((one) => text(one, `${id}: observed`))
  for (const one of observe) {
    const [thread, register] = one.split(':')
    if (register === undefined ? init[one] === undefined : threads[Number(thread)] === undefined)
      throw new Error(`${id}: there is no ${one} to observe`)
  }
  return { id, init, threads, observe }
}

const readOps = (ops: unknown, id: string, init: Fields): Op[] =>
  list(ops, `${id}: a thread`).map((one) => readOp(object(one, `${id}: an operation`), id, init))

function readOp(fields: Fields, id: string, init: Fields): Op {
  const { op } = fields
  const reg = (): string => text(fields.reg, `${id}: reg`)
  const order = (): MemoryOrder => {
    const order = ORDERS.get(text(fields.order, `${id}: order`))
    if (order === undefined) throw new Error(`${id}: there is no order '${fields.order}'`)
    return order
  }
  const loc = (): string => {
    const loc = text(fields.loc, `${id}: loc`)
    if (init[loc] === undefined) throw new Error(`${id}: init has no ${loc}`)
    return loc
  }
  switch (op) {
    case 'store':
      return { op, loc: loc(), value: readOperand(fields.value, id), order: order() }
    case 'load':
      return { op, loc: loc(), reg: reg(), order: order() }
    case 'rmw': {
      const { kind } = fields
      if (kind !== 'xchg' && kind !== 'add' && kind !== 'cas') throw new Error(`${id}: there is no rmw '${kind}'`)
      const expected = kind === 'cas' ? whole(fields.expected, `${id}: expected`) : null
      return { op, kind, loc: loc(), value: readOperand(fields.value, id), reg: reg(), order: order(), expected }
    }
    case 'fence':
      return { op, order: order() }
    case 'if': {
      const { cmp } = fields
      if (cmp !== 'eq' && cmp !== 'ne') throw new Error(`${id}: there is no comparison '${cmp}'`)
      return { op, reg: reg(), cmp, value: whole(fields.value, `${id}: value`), body: readOps(fields.then, id, init) }
    }
    default:
      throw new Error(`${id}: there is no operation '${op}'`)
  }
}

const readOperand = (value: unknown, id: string): Operand =>
  typeof value === 'number' ? whole(value, `${id}: value`) : text(object(value, `${id}: value`).reg, `${id}: value`)

const WORD = 4

/** The case as a scenario, which shares the addresses of its locations. */
export interface LitmusScenario {
  readonly scenario: Scenario
  /** Of each thread, as the run has left them: beside the machine, as no thread sees another's. */
  readonly registers: readonly Registers[]
}

export function litmusScenario({ id, init, threads }: Litmus): LitmusScenario {
  const locations = Object.entries(init)
  const registers = threads.map((): Registers => ({}))
  const programs = threads.map((ops, thread) => [
    `T${thread}`,
    function* ({ shared }: { readonly shared: Locations }): Program {
      const own: Registers = {}
      registers[thread] = own
      yield* perform(ops, own, shared)
    },
  ])
  const body = {
    *setup(): Program<Locations> {
      const at = yield* map_anonymous(locations.length * WORD, { name: 'memory' })
      for (const [index, [, value]] of locations.entries()) yield* store(at + index * WORD, 'i32', value)
      return Object.fromEntries(locations.map(([location], index) => [location, at + index * WORD]))
    },
    programs: Object.fromEntries(programs) as Record<string, () => Program>,
    expect: 'holds' as const,
  }
  return { scenario: scenario(id, body), registers }
}

/** Of each location its address. */
export type Locations = { readonly [location: string]: number }

function* perform(ops: readonly Op[], registers: Registers, at: Locations): Program {
  const held = (register: string): number => registers[register] ?? 0
  const valueOf = (value: Operand): number => (typeof value === 'number' ? value : held(value))
  const place = (location: string): number => at[location] as number // as read, every one is in `init`
  for (const op of ops) {
    switch (op.op) {
      case 'store':
        yield* store(place(op.loc), 'i32', valueOf(op.value), op.order)
        break
      case 'load':
        registers[op.reg] = yield* load(place(op.loc), 'i32', op.order)
        break
      case 'rmw':
        registers[op.reg] = yield* modify(op, place(op.loc), valueOf(op.value))
        break
      case 'fence':
        break // all is in one order, where memory is sequentially consistent
      case 'if':
        if ((held(op.reg) === op.value) === (op.cmp === 'eq')) yield* perform(op.body, registers, at)
        break
      default:
        op satisfies never
    }
  }
}

const modify = ({ kind, order, expected }: Rmw, address: number, value: number) =>
  expected !== null
    ? compareExchange(address, 'i32', expected, value, order)
    : rmw(kind === 'add' ? 'add' : 'exchange', address, 'i32', value, order)
