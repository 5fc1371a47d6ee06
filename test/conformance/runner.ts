import { existsSync, readFileSync, statSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

/**
 * Plays recorded cases on the machine, driven by hand, and says where it first does otherwise. What a case looks like
 * and what an operation is called is the family's business: see `Family`.
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
  /** Makes a case of a line of the file; throws an Error that says what is wrong with it. */
  read(line: unknown): Case
  begin(recorded: Case): Session
}

/** Thrown by a session for an operation that no model has yet. */
export class NotModelled extends Error {
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

export function readCases<Case extends Recorded>(family: Family<Case>, file: string): Case[] {
  if (!existsSync(file)) throw new BadCases(`${file}: there is no such file`)
  if (!statSync(file).isFile()) throw new BadCases(`${file}: is not a file`)
  const cases: Case[] = []
  readFileSync(file, 'utf8')
    .split('\n')
    .forEach((text, index) => {
      if (text.trim() === '') return
      try {
        cases.push(family.read(JSON.parse(text)))
      } catch (error) {
        const what =
          error instanceof SyntaxError ? 'is no JSON' : error instanceof Error ? error.message : String(error)
        throw new BadCases(`${file}:${index + 1}: ${what}`)
      }
    })
  if (cases.length === 0) throw new BadCases(`${file}: has no cases`)
  return cases
}

/** Plays the case; `null` when all went as recorded. `tell` is told of each step as it is done. */
export function play<Case extends Recorded>(
  family: Family<Case>,
  recorded: Case,
  tell?: (step: number, got: unknown) => void,
): Difference | null {
  const session = family.begin(recorded)
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
    if (error instanceof NotModelled) return error.message
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

/** A difference as people read it. */
export function inWords({ id, step, op, args, expected, got }: Difference): string {
  const where = step === null ? 'at the end' : `step ${step}: ${op} ${JSON.stringify(args)}`
  return `${id}: ${where}\n  expected ${say(expected)}\n  got      ${say(got)}`
}

export const say = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
