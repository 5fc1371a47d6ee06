import type { Node } from './path.ts'

const MILLION = 1_000_000n

/**
 * How much of the search is made, from 0 to 1, as if at each point of the run every step that was tried or is going to be
 * led to equally many runs: Knuth, Estimating the efficiency of backtrack programs, 1975. What is to be tried grows as
 * races are found, so at first it says too much.
 */
export function shareOf(nodes: readonly Node[]): number {
  let made = 0n
  let all = 1n
  for (const { done, branches } of nodes) {
    const count = done.length + branches.length
    if (count < 2) continue
    made = made * BigInt(count) + BigInt(done.length)
    all *= BigInt(count)
  }
  return Number((made * MILLION) / all) / Number(MILLION) // whole numbers: it decides how a search goes on
}
