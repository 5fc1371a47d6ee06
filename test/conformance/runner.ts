import { existsSync, readFileSync, statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

/**
 * Plays recorded cases on the machine and says where it first does otherwise. What a case looks like and what an
 * operation is called is the family's business: see `Family`.
 */

/** A recorded case. Expectations are in the words in which the session answers. */
export interface Recorded {
  readonly id: string
  /** What part of the family's cases it belongs to. */
  readonly part: string
  readonly steps: readonly RecordedStep[]
  /** What is left when all steps are done. */
  readonly end: unknown
}

export interface RecordedStep {
  readonly op: string
  readonly args: unknown
  readonly expected: unknown
}

/** A case being played. */
export interface Session {
  /** Does a step; says what came of it. */
  perform(step: number): unknown
  end(): unknown
}

export interface Family<Case extends Recorded = Recorded> {
  /** Makes a case of what the file has of it; throws an Error that says what is wrong with it. */
  read(line: unknown): Case
  /** Why a case is not played, when each of its steps may make at most so many runs; `null`: it is played. */
  leftOut?(recorded: Case, runsMax: number): string | null
  /** @param tell told how far it has come, where a step takes long */
  begin(recorded: Case, tell?: (progress: string) => void): Session
}

/** Thrown by a session for what it can't play; the message is what came of the step. */
export class Unplayable extends Error {}

/** For an operation that no model has yet. */
export class NotModelled extends Unplayable {
  constructor(op: string) {
    super(`${op} is not modelled yet`)
  }
}

/** Where a case first went otherwise than recorded; `step` is `null` for the end. */
export interface Difference {
  readonly id: string
  readonly step: number | null
  readonly op: string
  readonly args: unknown
  readonly expected: unknown
  readonly got: unknown
}

/** A file that can't be used: the message says what is wrong with it and where. */
export class BadCases extends Error {}

/** The cases of a file: one on each line, or all of them in one array. */
export function readCases<Case extends Recorded>(family: Family<Case>, file: string): Case[] {
  if (!existsSync(file)) throw new BadCases(`${file}: there is no such file`)
  if (!statSync(file).isFile()) throw new BadCases(`${file}: is not a file`)
  const text = readFileSync(file, 'utf8')
  const cases: Case[] = []
  for (const { where, what } of /^\s*\[/.test(text) ? elements(text, file) : lines(text, file)) {
    try {
      cases.push(family.read(what))
    } catch (error) {
      throw new BadCases(`${where}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (cases.length === 0) throw new BadCases(`${file}: has no cases`)
  return cases
}

/** Something in a file that is to be a case. */
interface Found {
  readonly where: string
  readonly what: unknown
}

function* lines(text: string, file: string): Iterable<Found> {
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${file}:${index + 1}`
    if (line.trim() !== '') yield { where, what: parsed(line, where) }
  }
}

function* elements(text: string, file: string): Iterable<Found> {
  for (const [index, what] of (parsed(text, file) as unknown[]).entries())
    yield { where: `${file}, case ${index + 1}`, what }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BadCases(`${where}: is no JSON`)
  }
}

/** Plays the case; `null` when all went as recorded. `tell` is told of each step as it is done. */
export function play<Case extends Recorded>(
  family: Family<Case>,
  recorded: Case,
  tell?: (step: number, got: unknown) => void,
  progress?: (words: string) => void,
): Difference | null {
  const session = family.begin(recorded, progress)
  for (const [step, { op, args, expected }] of recorded.steps.entries()) {
    const got = attempt(() => session.perform(step))
    tell?.(step, got)
    if (!isDeepStrictEqual(got, expected)) return { id: recorded.id, step, op, args, expected, got }
  }
  const got = attempt(() => session.end())
  if (isDeepStrictEqual(got, recorded.end)) return null
  return { id: recorded.id, step: null, op: 'end', args: {}, expected: recorded.end, got }
}

function attempt(perform: () => unknown): unknown {
  try {
    return perform()
  } catch (error) {
    if (error instanceof Unplayable) return error.message
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

/** A difference as people read it. */
export function inWords({ id, step, op, args, expected, got }: Difference): string {
  const where = step === null ? 'at the end' : `step ${step}: ${op} ${JSON.stringify(args)}`
  return `${id}: ${where}\n  expected ${inJson(expected)}\n  got      ${inJson(got)}`
}

export const inJson = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
