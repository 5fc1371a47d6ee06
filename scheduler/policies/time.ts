import type { Machine } from '../../kernel/index.ts'

/** What policies have in common: they keep the time. */

/** The last step took its time: one unit, and `compute(n)` n. */
export function passTime(machine: Machine): void {
  if (machine.steps === 0 || machine.kind === 'timer') return
  const { call, callArgs } = machine
  const ns = call?.def.name === 'compute' ? Number(callArgs?.ns ?? 1) : 1
  machine.passTime(Math.max(0, Math.trunc(ns)))
}

export function timerIsDue(machine: Machine): boolean {
  const { clock, timers } = machine.state
  return timers[0] !== undefined && timers[0].at <= clock
}
