import { BadInput } from '../../kernel/index.ts'
import type { Policy } from '../dispatcher/policy.ts'
import { cfs } from './cfs.ts'
import { edf } from './edf.ts'
import { eevdf } from './eevdf.ts'
import { fifo } from './fifo.ts'
import { lottery } from './lottery.ts'
import { mlfq } from './mlfq.ts'
import { priority } from './priority.ts'
import { rateMonotonic } from './rate-monotonic.ts'
import { rr } from './rr.ts'
import { sjf } from './sjf.ts'
import { srtf } from './srtf.ts'
import { stride } from './stride.ts'

/** The policies by name, with a line on each, as `--policy` takes them. */
export const policies: { readonly [name: string]: string } = {
  fifo: 'a policy: a thread runs until it waits or ends',
  sjf: 'a policy: the shortest job first, to its end',
  srtf: 'a policy: the job of which the least is left first, at once',
  rr: 'a policy: each ready thread in turn, for rr:quantum=2ms, or rr:2ms',
  priority:
    'a policy: the most urgent process first, at once; first come, first served among equals; priority:inherit or :ceiling for locks',
  mlfq: 'a policy: a multi-level feedback queue; mlfq:queues=3:quantum=10ms:allotment=1:boost=0, and :stay, :bump',
  lottery: 'a policy: a ticket is drawn for every slice; lottery:quantum=10ms',
  stride: 'a policy: as lottery in the mean, without chance; stride:quantum=10ms',
  cfs: "a policy: Linux's until 6.5; cfs:latency=6ms:granularity=750us:wakeup=1ms",
  eevdf: "a policy: Linux's since 6.6; eevdf:slice=3ms",
  edf: 'a policy: the earliest deadline first, at once',
  'rate-monotonic': 'a policy: the shortest period first, at once',
}

const MS = 1_000_000
/** What stands for a millisecond where a step takes a unit of time. */
const STEPS_OF_MS = 8

/**
 * The policy that a text such as `rr:quantum=2ms` names.
 * @param coarse time is counted in steps, as under the costs `unit`: what is not said is short then
 * @throws BadInput that says what there is, or what the parameter accepts
 */
export function policyNamed(text: string, coarse = false): Policy {
  const [name = ''] = text.split(':')
  const given = new Parameters(text)
  const ms = coarse ? STEPS_OF_MS : MS
  const made = make(name, given, ms, coarse)
  if (made === null) throw new BadInput(`there is no policy '${name}'; there are ${Object.keys(policies).join(', ')}`)
  given.done()
  return made
}

function make(name: string, given: Parameters, ms: number, coarse: boolean): Policy | null {
  switch (name) {
    case 'fifo':
      return fifo()
    case 'sjf':
      return sjf()
    case 'srtf':
      return srtf()
    case 'rr':
      return rr(given.time('quantum', coarse ? 1 : 2 * MS, 1, true))
    case 'priority':
      return priority(given.oneOf(['inherit', 'ceiling'] as const) ?? 'none')
    case 'mlfq':
      return mlfq({
        queues: given.count('queues', 3, 64),
        quantum: given.time('quantum', 10 * ms, 1, true),
        allotment: given.count('allotment', 1, 1_000_000),
        boost: given.time('boost', 0, 0),
        stay: given.flag('stay'),
        bump: given.flag('bump'),
      })
    case 'lottery':
      return lottery(given.time('quantum', 10 * ms, 1, true))
    case 'stride':
      return stride(given.time('quantum', 10 * ms, 1, true))
    case 'cfs':
      return cfs({
        latency: given.time('latency', 6 * ms, 1, true),
        granularity: given.time('granularity', Math.floor(0.75 * ms), 1),
        wakeup: given.time('wakeup', ms, 0),
      })
    case 'eevdf':
      return eevdf(given.time('slice', 3 * ms, 1, true))
    case 'edf':
      return edf()
    case 'rate-monotonic':
    case 'rm':
      return rateMonotonic()
    default:
      return null
  }
}

const NS: { readonly [unit: string]: number } = { '': 1, ns: 1, us: 1000, ms: MS, s: 1_000_000_000 }

/** A time such as `2ms`, `500us` or `3` for as many ns; `null` when it is none. */
export function readTime(text: string): number | null {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ns|us|ms|s)?$/.exec(text) ?? []
  const ns = Number(digits) * (NS[unit] ?? Number.NaN)
  return digits !== undefined && Number.isSafeInteger(ns) ? ns : null
}

/** What stands behind a policy's name: `quantum=2ms`, `2ms` alone for the main one, or a word. */
class Parameters {
  readonly #text: string
  readonly #given = new Map<string, string | null>()
  readonly #known: string[] = []
  /** Given without a name. */
  #bare: string | null = null

  constructor(text: string) {
    this.#text = text
    for (const one of text.split(':').slice(1)) {
      const [, name, value] = /^([a-z]+)(?:=(.*))?$/.exec(one) ?? []
      if (name === undefined && this.#bare === null) this.#bare = one
      else if (name === undefined || this.#given.has(name)) throw this.#bad(`'${one}' is one too many`)
      else this.#given.set(name, value ?? null)
    }
  }

  /** @param main it may be given without its name */
  time(name: string, usual: number, least: number, main = false): number {
    const text = this.#take(name, main)
    this.#known.push(`${name}=2ms`)
    if (text === undefined) return usual
    const ns = text === null ? null : readTime(text)
    if (ns !== null && ns >= least) return ns
    const words = least > 0 ? 'a time of at least 1ns' : 'a time, or 0'
    throw this.#bad(`${name} takes ${words}, as in ${name}=2ms, ${name}=500us or ${name}=3 for ns`)
  }

  count(name: string, usual: number, most: number): number {
    const text = this.#take(name, false)
    this.#known.push(`${name}=${usual}`)
    if (text === undefined) return usual
    const count = Number(text ?? Number.NaN)
    if (/^\d+$/.test(text ?? '') && count >= 1 && count <= most) return count
    throw this.#bad(`${name} takes a whole number from 1 to ${most}`)
  }

  flag(name: string): boolean {
    this.#known.push(name)
    const value = this.#given.get(name)
    if (value === undefined) return false
    this.#given.delete(name)
    if (value !== null) throw this.#bad(`${name} takes no value`)
    return true
  }

  /** One of these words, or none. */
  oneOf<T extends string>(words: readonly T[]): T | null {
    const given = words.filter((word) => this.flag(word))
    if (given.length > 1) throw this.#bad(`it takes ${words.join(' or ')}, not both`)
    return given[0] ?? null
  }

  /** Everything that was given has been asked for. */
  done(): void {
    const [left] = this.#bare === null ? [...this.#given.keys()] : [this.#bare]
    if (left === undefined) return
    const takes = this.#known.length === 0 ? 'nothing' : this.#known.join(', ')
    throw this.#bad(`there is no '${left}'; it takes ${takes}`)
  }

  #take(name: string, main: boolean): string | null | undefined {
    const value = this.#given.get(name)
    this.#given.delete(name)
    if (value !== undefined || !main || this.#bare === null) return value
    const bare = this.#bare
    this.#bare = null
    return bare
  }

  #bad(why: string): BadInput {
    return new BadInput(`'${this.#text}': ${why}`)
  }
}
