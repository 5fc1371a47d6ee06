import type { Transact } from 'ipclab/kernel'
import type { Issue } from '../posix.ts'
import { Game, type Program } from './game.ts'
import { type Draw, Making, type Way } from './making.ts'
import { forbidden, unpromised } from './rules.ts'
import { passing, pipes, sockets } from './ways-files.ts'
import { messageQueues, sysvMessages, sysvSemaphores } from './ways-ipc.ts'
import { inCommon, namedSemaphores, pthreadObjects, sharedMemory, sysvMemory } from './ways-memory.ts'

/**
 * Random programs of recorded operations, as the conformance runner plays them: each step is drawn from what the model
 * says there is, and none is taken that may come to one thing or the other.
 */

interface Family {
  /** A program is on one of these, or on two. */
  readonly kinds: readonly (readonly Way[])[]
  readonly two?: boolean
  /** What happens first. */
  readonly first?: (processes: number) => Issue[]
}

const all = [
  pipes,
  sockets,
  passing,
  messageQueues,
  sysvMessages,
  sysvSemaphores,
  sharedMemory,
  sysvMemory,
  namedSemaphores,
]

const families = {
  pipe: { kinds: [pipes] },
  unix: { kinds: [sockets, sockets, passing] },
  mq: { kinds: [messageQueues] },
  sysv: { kinds: [sysvMessages, sysvSemaphores, sysvSemaphores, sysvMemory] },
  sem: { kinds: [namedSemaphores] },
  sync: { kinds: [pthreadObjects], first: inCommon },
  shm: { kinds: [sharedMemory] },
  mixed: { kinds: all, two: true },
} satisfies { readonly [name: string]: Family }

export type FamilyName = keyof typeof families
export const familyNames = Object.keys(families) as readonly FamilyName[]

export interface Wish {
  readonly family: FamilyName
  /** How many steps at most. */
  readonly length: number
  /** Whether processes may belong to different users. */
  readonly users: boolean
  /** Runs transitions on drafts. */
  readonly transact?: Transact | null
}

/** So often it is asked for a step that may be taken. */
const TRIES = 40

/** @returns the program as it ended on the model */
export function randomProgram(draw: Draw, { family, length, users, transact = null }: Wish): Game {
  const { kinds, two = false, first }: Family = families[family]
  const some = (): readonly Way[] => kinds[draw(kinds.length)] ?? []
  const ways = two ? [...some(), ...some()] : some()
  const big = draw(10) < 4
  const uids = randomUsers(draw, users)
  let game = new Game(uids, transact)
  for (const step of first?.(uids.length) ?? []) game.perform(step)
  const steps = game.steps.length + 4 + draw(length)
  for (let tries = 0; game.steps.length < steps && tries < TRIES; ) {
    const step = randomStep(draw, game, ways, big)
    if (step === null || forbidden(game, step) !== null) {
      tries += 1
      continue
    }
    game.perform(step)
    if (unpromised(game) === null) {
      tries = 0
      continue
    }
    game = replayed({ uids, steps: game.steps.slice(0, -1) }, transact)
    tries += 1
  }
  return game
}

/** One to four processes, seldom of two users. */
function randomUsers(draw: Draw, several: boolean): number[] {
  const mixed = several && draw(8) === 0
  return [...Array(1 + draw(4)).keys()].map(() => (mixed ? 1000 + draw(2) : 1000))
}

function randomStep(draw: Draw, game: Game, ways: readonly Way[], big: boolean): Issue | null {
  const idle = game.idle()
  const p = idle[draw(Math.max(idle.length, 1))]
  if (p === undefined) return null
  const making = new Making(game, p, draw, big)
  const { op, args } = weighted(draw, ways)
  const found = args(making)
  return found === null ? null : { p, op, args: found }
}

function weighted(draw: Draw, ways: readonly Way[]): Way {
  let left = draw(ways.reduce((sum, { weight }) => sum + weight, 0))
  for (const way of ways) {
    left -= way.weight
    if (left < 0) return way
  }
  throw new Error('the weights are fewer than their sum')
}

function replayed({ uids, steps }: Program, transact: Transact | null): Game {
  const game = new Game(uids, transact)
  for (const step of steps) game.perform(step)
  return game
}

/** The program as far as it may be played, on the model; `null` where a step may not be taken. */
export function played({ uids, steps }: Program): Game | null {
  const game = new Game(uids)
  for (const step of steps) {
    if (forbidden(game, step) !== null) return null
    game.perform(step)
    if (unpromised(game) !== null) return null
  }
  return game
}
