import { BadInput } from '../kernel/index.ts'
import { type Choice, readCosts, readSchedule } from '../scheduler/index.ts'
import { EventLines } from './event-lines.ts'
import { TRACE_VERSION, type TraceHeader, type TraceVerdict } from './format.ts'
import { digestOf, Trace } from './trace.ts'

/** From text to a trace, and what is wrong with text that is none. */

const DIGEST = /^\{"digest":"([0-9a-f]{16})"\}$/

/**
 * @param name what to call the text in complaints
 * @throws BadInput
 */
export function parseTrace(text: string, name: string): Trace {
  const header = parseHeader(text, name)
  const lines = text.split('\n')
  checkWhole(text, lines, name)
  // header, choices, events …, verdict, digest, and the nothing after the last line end
  const verdictAt = lines.length - 3
  if (verdictAt < 2) throw broken(name, lines.length, 'it lacks the lines between header and digest')
  const { choices, startLog } = parseChoices(lines[1] ?? '', name)
  const verdict = parseVerdict(lines[verdictAt] ?? '', name, verdictAt + 1)
  const events = lines.slice(2, verdictAt)
  if (verdict.steps !== events.length) {
    throw broken(name, verdictAt + 1, `the verdict speaks of ${verdict.steps} steps, the file has ${events.length}`)
  }
  events.forEach((line, index) => {
    // The digest vouches for what lies between; only a forged file gets here with anything else.
    if (!line.startsWith(`{"step":${index + 1},`) || !line.endsWith('}'))
      throw broken(name, index + 3, `it is not the event of step ${index + 1}`)
  })
  return new Trace(header, choices, startLog, EventLines.of(events), verdict)
}

function broken(name: string, line: number, what: string): BadInput {
  return new BadInput(`${name}:${line}: ${what}; record the run anew`)
}

function parseHeader(text: string, name: string): TraceHeader {
  if (text === '') throw new BadInput(`${name} is empty, no trace; 'ipclab run FILE --out PATH' writes one`)
  const end = text.indexOf('\n')
  const first = objectIn(end < 0 ? text : text.slice(0, end))
  if (first === null || first.ipclab !== 'trace') {
    if (text.startsWith('{"ipclab":"trace"')) {
      throw new BadInput(`${name}:1: is cut off in its first line; fetch the whole trace again, or record the run anew`)
    }
    throw new BadInput(
      `${name}:1: is no ipclab trace: the first line must be a header that begins {"ipclab":"trace"; 'ipclab run FILE --out PATH' writes one`,
    )
  }
  if (first.version !== TRACE_VERSION) {
    throw new BadInput(
      `${name}:1: is a trace of version ${String(first.version)}, and this ipclab reads version ${TRACE_VERSION}; replay it with the ipclab that wrote it, or record the run anew`,
    )
  }
  return header(first, name)
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string'
const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0

const HEADER: { readonly [K in keyof TraceHeader]-?: (value: unknown) => boolean } = {
  ipclab: isText,
  version: isCount,
  scenario: isTextOrNull,
  hash: isTextOrNull,
  title: isText,
  params: (value) =>
    isObject(value) && Object.values(value).every((one) => ['number', 'string', 'boolean'].includes(typeof one)),
  decider: isText,
  seed: isTextOrNull,
  run: isCount,
  wakeOrder: (value) => value === 'any' || value === 'fifo' || value === 'lifo',
  maxSteps: isCount,
  lines: (value) => typeof value === 'boolean',
  machine: (value) => value === undefined || isMachine(value),
}

function isMachine(value: unknown): boolean {
  if (!isObject(value) || !isCount(value.cpus) || (value.queues !== 'global' && value.queues !== 'per-cpu'))
    return false
  try {
    return readCosts(value.costs, 'the header') !== null
  } catch {
    return false
  }
}

function header(first: { readonly [key: string]: unknown }, name: string): TraceHeader {
  for (const [key, fits] of Object.entries(HEADER)) {
    if (!fits(first[key])) throw broken(name, 1, `the header's ${key} is ${JSON.stringify(first[key]) ?? 'missing'}`)
  }
  return first as unknown as TraceHeader // every field has been looked at
}

/** A whole, unchanged trace ends in the digest of what is before it. */
function checkWhole(text: string, lines: readonly string[], name: string): void {
  if (text.includes('\r\n')) {
    throw new BadInput(
      `${name}: its line ends were changed to CRLF; restore them (git: '*.ndjson -text' in .gitattributes)`,
    )
  }
  const last = lines.at(-2) ?? ''
  const digest = DIGEST.exec(last)?.[1]
  const whole = lines.at(-1) === '' && digest !== undefined
  if (whole && digestOf([text.slice(0, text.length - last.length - 1)]) === digest) return
  const garbled = lines.findIndex((line, index) => (line !== '' || index < lines.length - 1) && objectIn(line) === null)
  const again = 'fetch the whole trace again, or record the run anew'
  if (garbled >= 0 && garbled < lines.length - 1) {
    throw new BadInput(`${name}:${garbled + 1}: is garbled, no JSON object; ${again}`)
  }
  if (!whole) {
    const at = lines.at(-1) === '' ? lines.length - 1 : lines.length
    throw new BadInput(`${name}:${at}: is cut off here: a trace ends with a line that holds its digest; ${again}`)
  }
  throw new BadInput(
    `${name}:${lines.length - 1}: the digest is not that of the lines before it: the file was changed after it was written; ${again}`,
  )
}

function parseChoices(line: string, name: string): { choices: Choice[]; startLog: string[] } {
  const { choices, startLog = [] } = objectIn(line) ?? {}
  if (typeof choices !== 'string') throw broken(name, 2, 'it must hold the choices')
  if (!Array.isArray(startLog) || !startLog.every(isText)) throw broken(name, 2, 'its startLog must be a list of texts')
  try {
    return { choices: readSchedule(choices), startLog: startLog as string[] }
  } catch (error) {
    if (error instanceof BadInput) throw broken(name, 2, error.message)
    throw error
  }
}

function parseVerdict(line: string, name: string, at: number): TraceVerdict {
  const verdict = objectIn(line)
  const fits =
    verdict !== null &&
    isText(verdict.ending) &&
    isCount(verdict.steps) &&
    isCount(verdict.time) &&
    (verdict.failure === null || isObject(verdict.failure))
  if (!fits) throw broken(name, at, 'it must hold the verdict')
  return verdict as unknown as TraceVerdict // as above; what a failure says is for people to read
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectIn(line: string): { readonly [key: string]: unknown } | null {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
