import { isTime } from './clock.ts'
import { BadInput } from './errors.ts'
import type { AnyValues, Expectation, Faults, Param, Params, ProgramSpec, ScenarioBody } from './scenario.ts'
import { SCHEDULING, type Scheduling, wrongWith } from './sched.ts'
import { signals, type WakeOrder } from './state.ts'

/**
 * What the types of a scenario say, looked at when it is made: no compiler need have seen the file, and a misspelt
 * `invariants` would make every schedule hold.
 */

type Key = keyof ScenarioBody<never, unknown, unknown>

const KEYS: { readonly [K in Key]: (value: unknown) => string | null } = {
  source: text,
  about: text,
  params: (value) => each(value, param),
  ghost: fn,
  setup: fn,
  programs: (value) => each(value, program),
  invariants: (value) => each(value, fn),
  atEnd: (value) => each(value, fn),
  sometimes: (value) => each(value, fn),
  expect: expectation,
  faults,
  wakeOrder: (value) => (Object.hasOwn(WAKE_ORDERS, String(value)) ? null : `must be ${listed(WAKE_ORDERS)}`),
  deadlocks: (value) => (value === 'all' || value === 'total' ? null : "must be 'all' or 'total'"),
  races: (value) => (RACES.includes(value) ? null : "must be 'report', 'fail' or 'ignore'"),
  maxSteps: (value) => (isAboveZero(value) ? null : 'must be a whole number above 0'),
}

const WAKE_ORDERS: { readonly [K in WakeOrder]: true } = { any: true, fifo: true, lifo: true }
const RACES: readonly unknown[] = ['report', 'fail', 'ignore'] satisfies ScenarioBody<
  Params,
  unknown,
  unknown
>['races'][]
const EXPECTATIONS = ['proved', 'holds', 'deadlock', 'data race', 'step limit'] satisfies Expectation[]

/** @throws BadInput that says which part of the scenario can't be used */
export function checkScenario(title: unknown, body: unknown): void {
  if (typeof title !== 'string' || title.trim() === '')
    throw new BadInput(`a scenario's title must be a text, not ${inWords(title)}`)
  if (!isObject(body))
    throw new BadInput(`'${title}' is ${inWords(body)}; write scenario('${title}', { programs: { … }, expect: '…' })`)
  for (const [key, value] of Object.entries(body)) {
    if (key === 'title') continue // the body is a variation: { ...other, programs: … }
    const check = Object.hasOwn(KEYS, key) ? KEYS[key as Key] : null
    if (check === null)
      throw new BadInput(
        `'${title}' has a part '${key}', and there is no such: there are ${Object.keys(KEYS).join(', ')}`,
      )
    const wrong = value === undefined && key !== 'programs' ? null : check(value)
    if (wrong !== null) throw new BadInput(`'${title}': ${key}${wrong.startsWith('.') ? '' : ' '}${wrong}`)
  }
  for (const key of ['programs', 'expect'] satisfies Key[])
    if (body[key] === undefined)
      throw new BadInput(
        `'${title}' has no ${key}; give it ${key === 'expect' ? `one: ${expected()}` : 'one for each process'}`,
      )
  for (const name of Object.keys(body.programs as object)) {
    if (!/^[A-Za-z_$][\w$]*$/.test(name))
      throw new BadInput(`'${title}': '${name}' can't name a process; use letters, digits and _`)
  }
  checkVictims(title, (body.faults as Faults | undefined)?.kill, body.programs as object)
}

function each(value: unknown, check: (one: unknown) => string | null): string | null {
  if (!isObject(value)) return `must be an object with a name for each, not ${inWords(value)}`
  for (const [name, one] of Object.entries(value)) {
    const wrong = check(one)
    if (wrong !== null) return `.${name}${/^[.:]/.test(wrong) ? '' : ' '}${wrong}`
  }
  return null
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? null : `must be a text, not ${inWords(value)}`
}

function fn(value: unknown): string | null {
  return typeof value === 'function' ? null : `must be a function, not ${inWords(value)}`
}

const SPEC_KEYS: readonly string[] = ['program', 'copies', 'uid', 'priority', 'arrives', ...Object.keys(SCHEDULING)]

function program(value: unknown): string | null {
  if (typeof value === 'function') return null
  if (!isObject(value) || typeof value.program !== 'function')
    return `must be a generator function or { ${SPEC_KEYS.join(', ')} }, not ${inWords(value)}`
  const strange = Object.keys(value).find((key) => !SPEC_KEYS.includes(key))
  if (strange !== undefined) return `has a '${strange}', and there are only ${SPEC_KEYS.join(', ')}`
  const { copies, uid, priority } = value
  if (copies !== undefined && typeof copies !== 'function' && !isCopies(copies))
    return `.copies ${COPIES_WORDS}, not ${inWords(copies)}`
  if (uid !== undefined && !(Number.isSafeInteger(uid) && (uid as number) >= 0))
    return `.uid must be a whole number of at least 0, not ${inWords(uid)}`
  if (priority !== undefined && !Number.isSafeInteger(priority))
    return `.priority must be a whole number, not ${inWords(priority)}`
  const said = Object.fromEntries(Object.entries(value).filter(([, one]) => typeof one !== 'function'))
  const wrong = wrongWith(said) ?? wrongArrival(said.arrives)
  if (wrong !== null) return `: ${wrong}`
  return null
}

const wrongArrival = (at: unknown): string | null =>
  at === undefined || isTime(at) ? null : `arrives is a whole number of ns from 0 to 2^50, not ${inWords(at)}`

/** When a process arrives, and what is said of its scheduling, of its number among its copies. @throws BadInput */
export function schedulingOf(
  name: string,
  spec: ProgramSpec<AnyValues, unknown, unknown>,
  params: AnyValues,
  index: number,
): Scheduling & { readonly arrives?: number } {
  const said: Record<string, unknown> = {}
  for (const key of SAID) {
    const value: unknown = spec[key]
    if (value === undefined) continue
    try {
      said[key] = typeof value === 'function' ? value(params, index) : value
    } catch (error) {
      throw new BadInput(`programs.${name}.${key} threw ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const wrong = wrongWith(said) ?? wrongArrival(said.arrives)
  if (wrong !== null) throw new BadInput(`programs.${name}: ${wrong}`)
  return said
}

const SAID = ['arrives', ...Object.keys(SCHEDULING)] as (keyof Scheduling | 'arrives')[] // its keys

const COPIES_MAX = 1_000_000
const COPIES_WORDS = `must be a whole number from 0 to ${COPIES_MAX}`

const isCopies = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= COPIES_MAX

/** How many processes run a program. @throws BadInput */
export function copiesOf(name: string, value: unknown): number {
  if (isCopies(value)) return value
  throw new BadInput(`programs.${name}.copies ${COPIES_WORDS}, not ${inWords(value)}`)
}

const FAULTS: { readonly [K in keyof Faults]-?: (value: unknown) => string | null } = {
  kill: (value) =>
    typeof value === 'boolean' || (Array.isArray(value) && value.every((name) => typeof name === 'string'))
      ? null
      : `must be true, false or a list of programs, not ${inWords(value)}`,
  signal: (value) =>
    typeof value === 'boolean' || (signals as readonly unknown[]).includes(value)
      ? null
      : `must be true, false or one of ${signals.join(', ')}, not ${inWords(value)}`,
  spuriousWakeup: yesOrNo,
  timeout: yesOrNo,
  most: (value) => (isAboveZero(value) ? null : `must be a whole number above 0, not ${inWords(value)}`),
}

function faults(value: unknown): string | null {
  if (!isObject(value)) return `must be an object such as { kill: true, most: 2 }, not ${inWords(value)}`
  for (const [key, one] of Object.entries(value)) {
    if (!Object.hasOwn(FAULTS, key)) return `has a '${key}', and there are only ${Object.keys(FAULTS).join(', ')}`
    const wrong = one === undefined ? null : FAULTS[key as keyof Faults](one)
    if (wrong !== null) return `.${key} ${wrong}`
  }
  return null
}

/** Whether those who may be killed are there. @throws BadInput */
function checkVictims(title: string, kill: Faults['kill'], programs: object): void {
  if (!Array.isArray(kill)) return
  const stranger = kill.find((name) => !Object.hasOwn(programs, name))
  if (stranger !== undefined)
    throw new BadInput(
      `'${title}': faults.kill names '${stranger}', and there is no such program: there are ${listed(programs)}`,
    )
}

function yesOrNo(value: unknown): string | null {
  return typeof value === 'boolean' ? null : `must be true or false, not ${inWords(value)}`
}

const isAboveZero = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0

function param(value: unknown): string | null {
  if (!isObject(value) || !['number', 'string', 'boolean'].includes(typeof value.default))
    return `must have a default that is a number, a text or a boolean: { default: 3, about: '…' }`
  const { default: one, min, max, oneOf } = value as unknown as Param // what it says of itself; each part is looked at below
  for (const [key, limit] of Object.entries({ min, max }))
    if (limit !== undefined && (typeof limit !== 'number' || typeof one !== 'number'))
      return `.${key} must be a number, and so must the default`
  if (oneOf !== undefined && !(Array.isArray(oneOf) && oneOf.includes(one))) return '.oneOf must list the default'
  if (typeof one === 'number' && !(Number.isFinite(one) && one >= (min ?? -Infinity) && one <= (max ?? Infinity)))
    return `has the default ${one}, which it does not accept`
  return null
}

function expectation(value: unknown): string | null {
  if ((EXPECTATIONS as readonly unknown[]).includes(value)) return null
  if (typeof value === 'string' && /^(violates|error): ./.test(value)) return null
  return `must be ${expected()}, not ${inWords(value)}`
}

const expected = (): string => [...EXPECTATIONS, 'violates: NAME', 'error: CODE'].map((one) => `'${one}'`).join(', ')

const listed = (choices: object): string => Object.keys(choices).join(', ')

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function inWords(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}
