import { isDeepStrictEqual } from 'node:util'
import type { Fields } from '../fields.ts'
import { posix } from '../posix.ts'
import { type Difference, play } from '../runner.ts'
import type { Program } from './game.ts'
import { type Recording, Unsettled } from './recorder.ts'
import { shrunk } from './shrink.ts'

/** Holds what the model does against what was recorded. */

/** Whatever plays programs on a real kernel. */
export interface Plays {
  record(program: Program): Promise<Recording>
}

export type Verdict =
  | { readonly kind: 'same' }
  /** The recordings differ among themselves. */
  | { readonly kind: 'unstable'; readonly why: string }
  | { readonly kind: 'differs'; readonly line: Fields; readonly difference: Difference }

/** What differs is recorded so often again, to see that it is no accident. */
const AGAIN = 2

/** A line of the file format of recorded cases. */
export function caseLine(id: string, family: string, { uids, steps }: Program, recording: Recording): Fields {
  const told = steps
    .slice(0, recording.steps.length)
    .map(({ p, op, args }, at) => ({ p, op, args, ...recording.steps[at] }))
  return { id, family, procs: uids.length, uids, steps: told, end: recording.end }
}

/** Plays the program on both; what differs is brought to the shortest program that still does. */
export async function compare(machine: Plays, id: string, family: string, program: Program): Promise<Verdict> {
  const differs = async (tried: Program): Promise<[Fields, Difference] | null> => {
    const line = caseLine(id, family, tried, await machine.record(tried))
    const difference = play(posix, posix.read(line))
    return difference === null ? null : [line, difference]
  }
  const unsettled: string[] = []
  const first = await settled(() => differs(program), unsettled)
  if (unsettled.length > 0) return { kind: 'unstable', why: unsettled.join() }
  if (first === null) return { kind: 'same' }
  const [line, difference] = first
  if (!(await isStable(machine, program, line))) return { kind: 'unstable', why: inShort(difference) }
  // From here on it is known to differ: what does not settle is no shorter program.
  const least = await shrunk(program, difference, async (tried) => (await settled(() => differs(tried)))?.[1] ?? null)
  const last = await settled(() => differs(least))
  if (last === null || !(await isStable(machine, least, last[0]))) return { kind: 'differs', line, difference }
  return { kind: 'differs', line: last[0], difference: last[1] }
}

/** What comes of recording; `null` where the machine does not come to rest, with the reason among `why`. */
async function settled<T>(recorded: () => Promise<T>, why: string[] = []): Promise<T | null> {
  try {
    return await recorded()
  } catch (error) {
    if (!(error instanceof Unsettled)) throw error
    why.push(error.message)
    return null
  }
}

async function isStable(machine: Plays, program: Program, line: Fields): Promise<boolean> {
  for (let time = 0; time < AGAIN; time++) {
    const recording = await settled(() => machine.record(program))
    if (recording === null) return false
    if (!isDeepStrictEqual(caseLine(String(line.id), String(line.family), program, recording), line)) return false
  }
  return true
}

const inShort = ({ step, op }: Difference): string => `${op}${step === null ? '' : ` in step ${step}`}`
