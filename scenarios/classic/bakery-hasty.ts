import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

/**
 * Lamport's bakery without `choosing`: nobody waits until the others have taken their numbers. A worker that has seen the
 * numbers, and not yet taken its own, looks as if it were not there. Another takes the same number and is served; then the
 * first takes its number, has the lower name, and is served, too.
 */
export default scenario("Lamport's bakery, in haste", {
  source:
    "L. Lamport: A new solution of Dijkstra's concurrent programming problem. Communications of the ACM 17 (8), 1974, pages 453-455",
  about: 'Workers take numbers and do not wait for one that is just taking his. Two take the same, and both get in.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many workers want in' },
  },
  ghost: () => ({ inside: 0 }),
  *setup({ params: { workers } }) {
    return { number: int32Array(yield* shared_array_buffer(4 * workers)) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params: { workers }, shared: { number }, ghost, index }) {
        const me = index - 1
        let highest = 0
        for (let i = 0; i < workers; i++) if (i !== me) highest = Math.max(highest, yield* Atomics.load(number, i))
        const mine = highest + 1
        // Whoever looks for me here does not find me.
        yield* Atomics.store(number, me, mine)
        for (let i = 0; i < workers; i++) {
          if (i !== me) yield* number.await_(i, (its) => its === 0 || its > mine || (its === mine && i > me))
        }
        ghost.inside += 1
        yield* Atomics.load(number, me) // the work inside
        ghost.inside -= 1
        yield* Atomics.store(number, me, 0)
      },
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  expect: 'violates: one at a time is inside',
})
