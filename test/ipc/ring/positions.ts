import type { RingHandle } from 'ipclab/ring'
import { shapeBehind } from '../../../ipc/ring/create.ts'
import { laneOf } from '../../../ipc/ring/ends.ts'
import { READ, WRITTEN } from '../../../ipc/ring/layout.ts'
import { FREE, HEAD_HINT, lapsOf, STATES, state, TAIL_HINT } from '../../../ipc/ring/mpmc-layout.ts'

/** An empty ring as it is after so many messages (of records: words) have gone through each of its lanes. */
export function startAt<H extends RingHandle>(handle: H, position: number): H {
  const shape = shapeBehind(handle)
  if (shape.kind === 'mpmc') startMpmcAt(new Int32Array(handle.memory), shape.slots, position)
  else
    for (let number = 0; number < shape.lanes; number++) {
      const { cells, at } = laneOf(handle, number, shape.kind)
      cells[at + WRITTEN] = position << 1
      cells[at + READ] = position << 1
    }
  return handle
}

function startMpmcAt(cells: Int32Array, slots: number, ticket: number): void {
  cells[TAIL_HINT] = ticket
  cells[HEAD_HINT] = ticket
  for (let slot = 0; slot < slots; slot++) {
    const next = (ticket + ((slot - ticket) & (slots - 1))) >>> 0
    cells[STATES + slot] = state(Math.floor(next / slots) & (lapsOf(slots) - 1), FREE, 0)
  }
}

/** Where doubled positions change their sign, where they are 0 again, and where all is new. */
export const TURNS = [0, 0x40000000, 0x80000000] as const
