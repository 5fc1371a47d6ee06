import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer } from 'ipclab/atomics'

/**
 * Lamport's bakery: whoever comes in takes a number, one higher than any it sees, and the lowest number is served; where
 * two have the same, the lower name. To look at all the numbers and to take the next is not one step, so two can take the
 * same, and one can be looking while the other is served already. That is what `choosing` is for: nobody is compared with
 * one who is still taking his number. `bakery-hasty` leaves it out.
 *
 * Numbers grow for as long as the shop is never empty. Here that is bounded by the rounds.
 */
export default scenario("Lamport's bakery", {
  source:
    "L. Lamport: A new solution of Dijkstra's concurrent programming problem. Communications of the ACM 17 (8), 1974, pages 453-455",
  about:
    'Workers take numbers and are served in their order, by loads and stores alone. Proved for two that come once each; with workers=3 or rounds=2 there are too many schedules for that, and it holds as far as the search goes.',
  params: {
    workers: { default: 2, min: 2, max: 4, about: 'how many workers want in' },
    rounds: { default: 1, min: 1, max: 3, about: 'how often each of them does' },
  },
  ghost: () => ({ inside: 0, served: 0, alike: false }),
  *setup({ params: { workers } }) {
    const buffer = yield* shared_array_buffer(8 * workers)
    return { choosing: int32Array(buffer, 0, workers), number: int32Array(buffer, 4 * workers, workers) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params: { workers, rounds }, shared: { choosing, number }, ghost, index }) {
        const me = index - 1
        for (let round = 0; round < rounds; round++) {
          yield* Atomics.store(choosing, me, 1)
          let highest = 0
          for (let i = 0; i < workers; i++) if (i !== me) highest = Math.max(highest, yield* Atomics.load(number, i))
          const mine = highest + 1
          yield* Atomics.store(number, me, mine)
          yield* Atomics.store(choosing, me, 0)
          for (let i = 0; i < workers; i++) {
            if (i === me) continue
            yield* choosing.await_(i, (isChoosing) => isChoosing === 0)
            const seen = yield* number.await_(i, (its) => its === 0 || its > mine || (its === mine && i > me))
            ghost.alike ||= seen === mine
          }
          ghost.inside += 1
          ghost.served += 1
          yield* Atomics.load(number, me) // the work inside
          ghost.inside -= 1
          yield* Atomics.store(number, me, 0)
        }
      },
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  atEnd: {
    'all have been served': ({ params: { workers, rounds }, ghost }) => ghost.served === workers * rounds,
  },
  sometimes: {
    'two have the same number': ({ ghost }) => ghost.alike,
  },
  expect: 'proved',
})
