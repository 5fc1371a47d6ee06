import { type AnyValues, BadInput, type WakeOrder } from '../kernel/index.ts'
import { type Choice, type Failure, isPick, type ScheduledStep } from '../scheduler/index.ts'
import { readText, writePieces } from './file.ts'
import type { TraceEvent } from './format.ts'
import { shown } from './scenario-file/words.ts'
import type { Trace } from './trace.ts'

/**
 * Schedules as files of their own: what a failing test keeps, and what a student hands in. A trace says every event and
 * holds for one state of the scenario to the byte; a kept schedule says only who went when, and in which call, so that
 * it can be followed through a scenario that was edited since. It is JSON with a step on each line, for people to read,
 * edit and compare.
 */

const VERSION = 1

/** A step, with what its call was about, as far as that has a name: the same call of another object is another call. */
export interface KeptStep extends ScheduledStep {
  readonly about?: string
}

export interface KeptSchedule {
  readonly title: string
  /** As a trace names it; `null` for a scenario that no file holds. */
  readonly scenario: string | null
  readonly params: AnyValues
  readonly wakeOrder: WakeOrder
  readonly maxSteps: number
  /** What came of it; `null` when it ended well. */
  readonly failure: Pick<Failure, 'kind' | 'name'> | null
  /** Choices inside steps follow the step's own. */
  readonly steps: readonly KeptStep[]
}

/** The schedule of a run. */
export function keptOf(trace: Trace): KeptSchedule {
  const { title, scenario, params, wakeOrder, maxSteps } = trace.header
  const { failure } = trace.verdict
  let step = 0
  const steps = trace.choices.map((choice): KeptStep => {
    if (isPick(choice)) return { choice, call: null }
    step += 1
    return step <= trace.steps ? keptStep(choice, trace.event(step)) : { choice, call: null }
  })
  return {
    title,
    scenario,
    params,
    wakeOrder,
    maxSteps,
    failure: failure === null ? null : { kind: failure.kind, name: failure.name },
    steps,
  }
}

/** The step of an event. */
export function keptStep(choice: Choice, { call, process, touched }: TraceEvent): KeptStep {
  // Not the process itself: a program's end rides with its last call, whichever that is.
  const labels = touched.flatMap(([, object, , , label]) => (object === process ? [] : (label ?? [])))
  // Nor what a word is in: whoever is first to touch a page touches also that.
  const about = labels.find((label) => !labels.some((other) => other.startsWith(`${label}+`)))
  return call === null || about === undefined ? { choice, call } : { choice, call, about }
}

/** Writes the schedule to a file. @throws BadInput when it can't be written */
export function writeKept(kept: KeptSchedule, path: string): void {
  writePieces([Buffer.from(textOf(kept))], path, 'schedule')
}

function textOf({ title, scenario, params, wakeOrder, maxSteps, failure, steps }: KeptSchedule): string {
  const head = { ipclab: 'schedule', version: VERSION, title, scenario, params, wakeOrder, maxSteps, failure }
  const lines = Object.entries(head).map(([key, value]) => `  "${key}": ${JSON.stringify(value)},\n`)
  const rows = steps.map((step) => `    ${JSON.stringify(rowOf(step))}`)
  const list = rows.length === 0 ? '[]' : `[\n${rows.join(',\n')}\n  ]`
  return `{\n${lines.join('')}  "steps": ${list}\n}\n`
}

const rowOf = ({ choice, call, about }: KeptStep): (string | null)[] =>
  about !== undefined ? [choice, call, about] : call !== null ? [choice, call] : [choice]

/** Reads a schedule. @throws BadInput, naming the file, for what is none of our version */
export function readKept(path: string): KeptSchedule {
  return parse(readText(path, 'schedule'), shown(path))
}

const AGAIN = 'mend it, or delete it and let it be written anew'

function parse(text: string, name: string): KeptSchedule {
  const whole = jsonIn(text)
  if (!isObject(whole) || whole.ipclab !== 'schedule') throw foreign(text, whole, name)
  if (whole.version !== VERSION)
    throw new BadInput(
      `${name} is a schedule of version ${JSON.stringify(whole.version) ?? 'unknown'}, and this ipclab reads version ${VERSION}; use the ipclab that wrote it, or let it be written anew`,
    )
  for (const [key, fits] of Object.entries(FIELDS)) {
    if (!fits(whole[key])) throw unfit(name, key, whole[key])
  }
  const { title, scenario, params, wakeOrder, maxSteps, failure } = whole as unknown as KeptSchedule // looked at above
  const rows = whole.steps as readonly unknown[]
  const steps = rows.map((row, index) => stepOf(row, index, text, name))
  return { title, scenario, params, wakeOrder, maxSteps, failure, steps }
}

/** What is wrong with text that does not begin as one of ours. */
function foreign(text: string, whole: unknown, name: string): BadInput {
  if (text.trim() === '') return new BadInput(`${name} is empty, no schedule; delete it, or let it be written anew`)
  if (/^\s*\{"ipclab":\s*"trace"/.test(text))
    return new BadInput(`${name} is a trace, not a schedule; 'ipclab replay' and 'ipclab show' are for traces`)
  const ours = /^\s*\{\s*"ipclab":\s*"schedule"/.test(text)
  if (ours && whole === undefined) {
    const line = brokenLine(text)
    const where = line === null ? name : `${name}:${line}`
    if (!text.trimEnd().endsWith('}')) return new BadInput(`${name} is cut off, no whole schedule; ${AGAIN}`)
    return new BadInput(`${where}: is no JSON; ${AGAIN}`)
  }
  return new BadInput(
    `${name} is no schedule of ipclab's: it must be JSON that begins { "ipclab": "schedule"; name another file`,
  )
}

/** The first line of a step that can't be read, from 1. */
function brokenLine(text: string): number | null {
  const lines = text.split('\n')
  const last = lines.findIndex((line) => /^\s*\]/.test(line))
  const at = lines.findIndex((line, index) => {
    if (!/^\s*\[/.test(line)) return false
    const comma = /,\s*$/.test(line)
    return jsonIn(line.replace(/,\s*$/, '')) === undefined || comma === (index === last - 1)
  })
  return at < 0 ? null : at + 1
}

function stepOf(row: unknown, index: number, text: string, name: string): KeptStep {
  const [choice, call = null, about] = Array.isArray(row) ? (row as unknown[]) : []
  if (Array.isArray(row) && row.length <= 3 && isChoice(choice) && isTextOrNull(call)) {
    if (about === undefined) return { choice, call }
    if (isText(about)) return { choice, call, about }
  }
  const lines = text.split('\n')
  const first = lines.findIndex((line) => /^\s*"steps":\s*\[\s*$/.test(line))
  const where = first < 0 ? `${name}: step ${index + 1}` : `${name}:${first + index + 2}`
  throw new BadInput(
    `${where} is ${JSON.stringify(row)}, no step; write ["P", "sem_wait"]: who went, and in which call`,
  )
}

function unfit(name: string, key: string, value: unknown): BadInput {
  return new BadInput(`${name}: its ${key} is ${JSON.stringify(value) ?? 'missing'}, which can't be; ${AGAIN}`)
}

const KINDS: { readonly [K in Failure['kind']]: true } = {
  deadlock: true,
  'data race': true,
  invariant: true,
  assertion: true,
  'uncaught error': true,
  'step limit': true,
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value)
/** A word: what `readSchedule` takes for one choice. */
const isChoice = (value: unknown): value is Choice => typeof value === 'string' && /^[^\s,*]+$/.test(value)

const FIELDS: { readonly [K in keyof KeptSchedule]: (value: unknown) => boolean } = {
  title: isText,
  scenario: isTextOrNull,
  params: (value) =>
    isObject(value) && Object.values(value).every((one) => ['number', 'string', 'boolean'].includes(typeof one)),
  wakeOrder: (value) => value === 'any' || value === 'fifo' || value === 'lifo',
  maxSteps: (value) => Number.isSafeInteger(value) && (value as number) > 0,
  failure: (value) =>
    value === null || (isObject(value) && isText(value.name) && Object.hasOwn(KINDS, String(value.kind))),
  steps: (value) => Array.isArray(value),
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `undefined` for what is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
