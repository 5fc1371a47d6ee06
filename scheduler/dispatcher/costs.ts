import { BadInput, isTime, type Task, type Thread } from '../../kernel/index.ts'

/** What things cost, in virtual ns: data, so that one machine's figures can be held against another's. */

/** The entries of a cost model, and what each is the cost of. */
export const COSTS = {
  call: 'a call that enters the kernel',
  access: 'a load or a store that finds its line in the cache',
  atomic: 'a read-modify-write that finds its line in the cache',
  cacheLine: 'a line of 64 bytes that comes from another CPU, on top of the access',
  pageFault: 'the first access of a process to a page, on top of it',
  resume: 'a call that goes on: after a wake-up, at a further stage, or for a signal',
  threadSwitch: 'a CPU that goes over to another thread of the same process',
  processSwitch: 'a CPU that goes over to a thread of another process',
  migration: 'a thread that goes on on another CPU than before, on top of the switch',
  copy: 'a byte that is copied between a program and the kernel',
} as const

export type CostName = keyof typeof COSTS

export type Costs = { readonly [K in CostName]: number } & {
  readonly name: string
  /** Calls that cost something else than `call`, by name; `compute` takes what it is told on top of this. */
  readonly calls: { readonly [call: string]: number }
}

/** A cost model with the source of each number. An entry of `calls` is as any other. */
export interface CostModel {
  readonly name: string
  readonly entries: { readonly [K in CostName]: Cost }
  readonly calls?: { readonly [call: string]: Cost }
}

export interface Cost {
  readonly ns: number
  /** Where the number is from. */
  readonly source?: string
}

export function costs({ name, entries, calls = {} }: CostModel): Costs {
  const numbers = Object.fromEntries(Object.keys(COSTS).map((key) => [key, entries[key as CostName].ns]))
  return {
    ...(numbers as Record<CostName, number>), // of its keys
    name,
    calls: Object.fromEntries(Object.entries(calls).map(([call, { ns }]) => [call, ns])),
  }
}

const all = (ns: number): Record<CostName, Cost> =>
  Object.fromEntries(Object.keys(COSTS).map((key) => [key, { ns }])) as Record<CostName, Cost> // as above

/** Nothing takes time but `compute`. */
export const zero: Costs = costs({ name: 'zero', entries: all(0), calls: { compute: { ns: 0 } } })

/** Every step takes one unit, whatever it does, and `compute(n)` n. Switching takes none. */
export const unit: Costs = costs({
  name: 'unit',
  entries: { ...all(0), call: { ns: 1 }, access: { ns: 1 }, atomic: { ns: 1 }, resume: { ns: 1 } },
  calls: { compute: { ns: 0 } },
})

/** Times are units, a step each, not ns. */
export const isCoarse = ({ name }: Pick<Costs, 'name'>): boolean => name === unit.name

const isNs = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= 1e15

/** A whole number of ns, but for `copy`, which is less than one. */
const isCost = (key: string, value: unknown): value is number =>
  isNs(value) && (key === 'copy' || Number.isInteger(value))

/**
 * A cost model that a user has written: an object with an entry for each of `COSTS`, a number of ns or
 * `{ "ns": 70, "source": "…" }`, and perhaps `calls`. @throws BadInput that says what is missing or wrong
 */
export function readCosts(data: unknown, name: string): Costs {
  if (!isObject(data)) throw new BadInput(`${name}: costs are an object with ${Object.keys(COSTS).join(', ')}`)
  const { name: own, calls = {}, ...entries } = data
  for (const key of Object.keys(entries))
    if (!Object.hasOwn(COSTS, key))
      throw new BadInput(`${name}: there is no cost '${key}'; there are ${Object.keys(COSTS).join(', ')} and calls`)
  const numbers = {} as Record<CostName, number>
  for (const key of Object.keys(COSTS) as CostName[]) numbers[key] = read(key, entries[key], name)
  if (!isObject(calls)) throw new BadInput(`${name}: calls is an object with the ns of calls by name`)
  const ofCalls: Record<string, number> = { compute: 0 }
  for (const call of Object.keys(calls)) ofCalls[call] = read(`calls.${call}`, calls[call], name)
  return { ...numbers, name: typeof own === 'string' ? own : name, calls: ofCalls }
}

function read(key: string, value: unknown, name: string): number {
  const about = Object.hasOwn(COSTS, key) ? ` (${COSTS[key as CostName]})` : ''
  if (value === undefined) throw new BadInput(`${name}: ${key}${about} is missing; give it a number of ns, 0 for none`)
  const ns = isObject(value) ? value.ns : value
  if (isCost(key, ns)) return ns
  const whole = key === 'copy' ? 'a number' : 'a whole number'
  throw new BadInput(`${name}: ${key}${about} takes ${whole} of ns, at least 0, not ${JSON.stringify(ns)}`)
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What the next step of a thread costs: asked before it is made. */
export class Pricing {
  readonly #costs: Costs
  readonly #byDef = new Map<object, number>()

  constructor(costs: Costs) {
    this.#costs = costs
  }

  of(task: Task, thread: Thread): number {
    const { pending } = task
    const { call } = thread
    if (pending === null || call === null) return 0
    if (call.slept || call.stage > 0 || call.outcome !== null || thread.pending.length > 0) return this.#costs.resume
    const { def, args } = pending
    let ns = this.#byDef.get(def)
    if (ns === undefined) {
      ns = this.#costs.calls[def.name] ?? this.#kindOf(def)
      this.#byDef.set(def, ns)
    }
    return def.name === 'compute' && isTime(args.ns) ? ns + args.ns : ns
  }

  #kindOf({ name, isAccess }: { readonly name: string; readonly isAccess?: true }): number {
    if (isAccess !== true) return this.#costs.call
    return name === 'load' || name === 'store' ? this.#costs.access : this.#costs.atomic
  }
}
