import type { Call, Driver, Id } from 'ipclab/kernel'
import type { Timespec } from 'ipclab/posix'
import type { Fields } from './fields.ts'

/** What the tables of recorded operations have in common. */

/** The process that acts, and what the recording's numbers mean to it. */
export interface Acting {
  readonly p: number
  readonly thread: Id
  /** Its semaphores' addresses, by slot. */
  readonly semaphores: Map<number, number>
  readonly processes: readonly Acting[]
  readonly driver: Driver
}

export interface Op {
  make(acting: Acting, args: Fields): Call<unknown>
  /** What the recording says of a value returned, when it isn't `ret` alone. */
  tell?(value: unknown, acting: Acting, args: Fields): Fields
}

/** Nothing else lives where the mapping slots are. */
const SLOTS = 2 ** 45
const SLOT_BYTES = 2 ** 24
export const at = (slot: unknown, offset: unknown): number => SLOTS + Number(slot) * SLOT_BYTES + Number(offset)

const S = 1e9
/** `past`: five seconds ago; `badnsec`: the same, malformed. */
export function time(acting: Acting, abs: unknown): Timespec {
  const tv_sec = acting.driver.state.clock / S - 5
  return { tv_sec, tv_nsec: abs === 'badnsec' ? S : 0 }
}
