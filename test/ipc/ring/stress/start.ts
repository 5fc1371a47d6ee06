import type { RingHandle } from 'ipclab/ring'
import { shapeBehind } from '../../../../ipc/ring/create.ts'
import { laneAt, READ, WRITTEN } from '../../../../ipc/ring/layout.ts'
import { FREE, HEAD_HINT, lapsOf, STATES, state, TAIL_HINT } from '../../../../ipc/ring/mpmc-layout.ts'

/** Positions at which something wraps soon: the doubled 32 bits, their sign, a lap's number. */
export const starts = [0x3fffffc0, 0x7fffffc0, -64, 2 ** 26 - 64, 0] as const

/** Puts a fresh ring where it would be after so many messages (records: words). */
export function startAt(handle: RingHandle, position: number): void {
  const shape = shapeBehind(handle)
  const cells = new Int32Array(handle.memory)
  if (shape.kind !== 'mpmc') {
    for (let lane = 0; lane < shape.lanes; lane++) {
      cells[laneAt(shape, lane) + WRITTEN] = position << 1
      cells[laneAt(shape, lane) + READ] = position << 1
    }
    return
  }
  cells[TAIL_HINT] = position
  cells[HEAD_HINT] = position
  for (let i = 0; i < shape.slots; i++) {
    const ticket = (position + i) | 0
    const lap = (ticket >>> Math.log2(shape.slots)) & (lapsOf(shape.slots) - 1)
    cells[STATES + (ticket & (shape.slots - 1))] = state(lap, FREE, 0)
  }
}
