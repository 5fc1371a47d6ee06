import { scenario } from 'ipclab'
import { Atomics, int32Array, shared_array_buffer, uint8Array } from 'ipclab/atomics'

const INTERESTED = 0 // and 1: one for each worker
const TURN = 2

/**
 * Peterson's algorithm (`peterson`) has three lines, and their order is all there is to it: say that you are interested,
 * give the other the turn, look. Here two of them have changed places.
 *
 * With the turn given first, a worker can be held up between the two: the other comes, sees nobody interested, and goes
 * in; the first, back again, says that it is interested, and has the turn, which the other has given it meanwhile. With
 * the turn given after the look, whoever has it from the start looks, goes in, and lets the other in by giving it away.
 */
export default scenario("Peterson's algorithm, in the wrong order", {
  source: 'G. L. Peterson: Myths about the mutual exclusion problem. Information Processing Letters 12 (1981)',
  about:
    'Two lines of the algorithm have changed places, and both workers get in: the turn is given before the interest is said, or (turn=after-the-look) when the look is over. Every access is atomic all the same.',
  params: {
    turn: {
      default: 'before-the-interest',
      oneOf: ['before-the-interest', 'after-the-look', 'between'],
      about: "when the other is given the turn; 'between' the two is right",
    },
    rounds: { default: 1, min: 1, max: 5, about: 'how often each worker goes in' },
  },
  ghost: () => ({ inside: 0 }),
  *setup() {
    return { cells: yield* shared_array_buffer(4) }
  },
  programs: {
    worker: {
      copies: 2,
      *program({ params, shared, ghost, index }) {
        const bytes = uint8Array(shared.cells)
        const word = int32Array(shared.cells)
        const me = index - 1
        const other = 1 - me
        for (let round = 0; round < params.rounds; round++) {
          if (params.turn === 'before-the-interest') yield* Atomics.store(bytes, TURN, other)
          yield* Atomics.store(bytes, INTERESTED + me, 1)
          if (params.turn === 'between') yield* Atomics.store(bytes, TURN, other)
          yield* word.await_(0, (all) => byte(all, INTERESTED + other) === 0 || byte(all, TURN) === me)
          if (params.turn === 'after-the-look') yield* Atomics.store(bytes, TURN, other)
          ghost.inside += 1
          yield* Atomics.load(bytes, TURN) // the work inside
          ghost.inside -= 1
          yield* Atomics.store(bytes, INTERESTED + me, 0)
        }
      },
    },
  },
  invariants: {
    'one at a time is inside': ({ ghost }) => ghost.inside <= 1,
  },
  expect: 'violates: one at a time is inside',
})

const byte = (word: number, at: number): number => (word >>> (8 * at)) & 0xff
