import type { Stretch } from '../../../scheduler/index.ts'
import { type Part, partsOf, SWITCHING } from '../over-time.ts'

/** What the rows of a chart show: a CPU who ran there, a thread what it did. */

export const STATES = ['running', SWITCHING, 'ready', 'waiting'] as const
export type State = (typeof STATES)[number]

export interface Row {
  readonly of: 'CPU' | 'thread'
  readonly name: string
  /** Their signs are states. */
  readonly parts: readonly Part[]
  readonly pieces: readonly Piece[]
}

/** What was done without a break. */
export interface Piece {
  readonly state: State
  readonly from: number
  readonly to: number
  /** What may stand in it: the first that fits. */
  readonly labels: readonly string[]
}

/** @param least a switch that takes less is not told apart from what it is for */
export function cpuRow(
  cpu: number,
  stretches: readonly Stretch[],
  short: ReadonlyMap<string, string>,
  least: number,
): Row {
  const own = stretches.filter((one) => one.activity === 'running' && one.cpu === cpu)
  const labels = ({ thread }: Stretch): string[] => [thread, short.get(thread) ?? thread]
  return { of: 'CPU', name: `CPU ${cpu}`, ...partsAndPieces(own, labels, least) }
}

export function threadRow(thread: string, own: readonly Stretch[], several: boolean, least: number): Row {
  const labels = ({ activity, cpu, object, call }: Stretch): string[] => {
    if (activity === 'running') return several ? [String(cpu)] : []
    const [kind, where] = (object ?? '').split(' at ')
    return activity === 'waiting' ? [object, where, kind, call].flatMap((one) => one || []) : []
  }
  return { of: 'thread', name: thread, ...partsAndPieces(own, labels, least) }
}

/** Neighbours of one state and with one label are one piece. */
function partsAndPieces(stretches: readonly Stretch[], labelsOf: (one: Stretch) => string[], least: number) {
  const parts: Part[] = []
  const pieces: Piece[] = []
  for (const stretch of stretches) {
    const told = stretch.switching < least ? { ...stretch, switching: 0 } : stretch
    for (const part of partsOf(told, stretch.activity)) {
      const { from, to, sign } = part
      if (from === to) continue
      parts.push(part)
      const state = sign === SWITCHING ? SWITCHING : stretch.activity
      const labels = state === SWITCHING ? [] : labelsOf(stretch)
      const last = pieces.at(-1)
      const goesOn = last?.state === state && last.to === from && last.labels[0] === labels[0]
      if (last !== undefined && goesOn) pieces[pieces.length - 1] = { ...last, to }
      else pieces.push({ state, from, to, labels })
    }
  }
  return { parts, pieces }
}

/** Of more names than this the beginnings say little. */
const BEGINNINGS_MAX = 100

/** As much of each name as no other name begins with. */
export function beginnings(names: readonly string[]): Map<string, string> {
  if (names.length > BEGINNINGS_MAX) return new Map()
  return new Map(
    names.map((name) => {
      const signs = [...name]
      const isOwn = (length: number): boolean => {
        const start = signs.slice(0, length).join('')
        return names.every((other) => other === name || !other.startsWith(start))
      }
      const length = signs.findIndex((_, at) => isOwn(at + 1)) + 1
      return [name, length === 0 ? name : signs.slice(0, length).join('')]
    }),
  )
}
