import {
  type Call,
  CallError,
  type Context,
  type Program,
  type Scenario,
  scenario,
  type WakeOrder,
} from 'ipclab/kernel'
import { makeShelf, openBox } from './objects.ts'

/** Scenarios of the test-only objects, whose programs note what they saw on the ghost. */

export type Given = Context<Record<never, never>, { fd: number }, string[]>
export type ProgramOfTest = (context: Given) => Program<unknown>

export const orders: readonly WakeOrder[] = ['any', 'fifo', 'lifo']

/** A scenario whose programs note what they saw on the ghost. */
export function made(programs: Record<string, ProgramOfTest>, { units = 0, box = false } = {}): Scenario {
  return scenario('core', {
    ghost: (): string[] => [],
    *setup() {
      yield* makeShelf(units)
      return { fd: box ? yield* openBox() : -1 }
    },
    programs,
    expect: 'holds',
  })
}

/** Makes a call and notes what came of it. */
export function* tell(ghost: string[], call: Call<unknown>, as = ''): Program {
  try {
    const value = yield* call
    ghost.push(`${as}${value === undefined ? 'ok' : JSON.stringify(value)}`)
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    ghost.push(`${as}${error.code}${error.detail === null ? '' : JSON.stringify(error.detail)}`)
  }
}

export const does = (call: Call<unknown>, as = ''): ProgramOfTest =>
  function* ({ ghost }) {
    yield* tell(ghost, call, as)
  }
