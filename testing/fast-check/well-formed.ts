/** How what was drawn becomes a program that gives back all that it takes, and nothing else. */

export interface Discipline {
  /** In which order things are given back. `nested`, the default: the last taken first; `any`: as it comes. */
  readonly givesBack?: 'nested' | 'any'
  /** In which order things are taken. `any`, the default; `ascending`: each is greater than all that the process has. */
  readonly takes?: 'any' | 'ascending'
}

/** A call as it was drawn; `pick` says to which of the open things it belongs. */
export interface Drawn {
  readonly call: string
  readonly args: unknown
  readonly pick: number
}

/** A call of a program. */
export interface Step {
  readonly call: string
  readonly args: unknown
  /** The place in the program, from 0, of the call that took what this one closes, or is made within. */
  readonly of: number | null
}

interface Shape {
  readonly opens?: true | ((args: never) => string | number)
  readonly closes?: string
  readonly within?: string
}

interface Open {
  readonly step: number
  readonly call: string
  readonly args: unknown
  readonly key: string | number | null
}

/** The calls that can be made where they were drawn, and at the end those that give back what is still open, the last taken first. */
export function wellFormed(
  drawn: readonly Drawn[],
  shapes: Readonly<Record<string, Shape>>,
  { givesBack = 'nested', takes = 'any' }: Discipline,
): Step[] {
  const steps: Step[] = []
  let open: Open[] = []

  function close(call: string, { step, args }: Open): void {
    steps.push({ call, args, of: step })
    open = open.filter((one) => one.step !== step)
  }

  for (const { call, args, pick } of drawn) {
    const { opens, closes, within } = shapes[call] ?? {}
    const belongs = closes ?? within
    const candidates = open.filter((one) => one.call === belongs)
    const chosen = candidates[pick % candidates.length] ?? null
    if (belongs !== undefined && chosen === null) continue
    if (closes !== undefined) {
      const last = open.at(-1)
      const one = givesBack === 'any' ? chosen : last?.call === closes ? last : null
      if (one !== null) close(call, one)
      continue
    }
    if (opens !== undefined) {
      const key = opens === true ? null : opens(args as never) // its own arguments
      if (key !== null && !mayTake(key, open, takes)) continue
      open.push({ step: steps.length, call, args, key })
    }
    steps.push({ call, args, of: chosen?.step ?? null })
  }
  for (const one of open.toReversed()) {
    const closer = Object.keys(shapes).find((name) => shapes[name]?.closes === one.call)
    if (closer !== undefined) close(closer, one)
  }
  return steps
}

function mayTake(key: string | number, open: readonly Open[], takes: 'any' | 'ascending'): boolean {
  return open.every((one) => one.key === null || (takes === 'any' ? one.key !== key : one.key < key))
}
