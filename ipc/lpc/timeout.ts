import type { Kernel } from '../../kernel/index.ts'

/** Times as NT has them, in units of 100 ns: negative from now on, positive since boot; `null`: no limit. */
export type Timeout = number | null

const UNIT_NS = 100
const UNITS_PER_MS = 10_000

/** From now on so many milliseconds. */
export const milliseconds = (ms: number): number => -ms * UNITS_PER_MS

/** What is no number sets no limit, as a null pointer does. */
export const timeoutGiven = (value: unknown): Timeout =>
  typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) + 0 : null // + 0 makes -0 a 0

/** When the time is up, in virtual ns. */
export function deadlineOf({ state }: Kernel, timeout: Timeout): number | null {
  if (timeout === null) return null
  return timeout < 0 ? state.clock - timeout * UNIT_NS : timeout * UNIT_NS
}
