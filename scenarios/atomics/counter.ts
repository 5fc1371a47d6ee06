import { type Program, scenario } from 'ipclab'
import { Atomics, int32Array, type SharedArray, shared_array_buffer } from 'ipclab/atomics'

/**
 * The counter of `lost-update`, mended with `Atomics.add`, which reads and writes in one step; or with
 * `Atomics.compareExchange`, which writes only if the element is still what it was when it was read, so that whoever was
 * overtaken sees it and tries again. A worker has to try again only because another has succeeded: somebody always gets on.
 */
export default scenario('a counter with Atomics', {
  source: 'ECMA-262, sections 25.4.3 (Atomics.add) and 25.4.5 (Atomics.compareExchange)',
  about: 'Workers increment a shared element atomically. No increment is lost.',
  params: {
    by: { default: 'compareExchange', oneOf: ['add', 'compareExchange'], about: 'which operation does it' },
    workers: { default: 2, min: 2, max: 4, about: 'how many workers increment' },
    rounds: { default: 2, min: 1, max: 10, about: 'how often each of them does' },
  },
  ghost: () => ({ retries: 0 }),
  *setup() {
    return { cells: int32Array(yield* shared_array_buffer(4)) }
  },
  programs: {
    worker: {
      copies: ({ workers }) => workers,
      *program({ params, shared: { cells }, ghost }) {
        for (let round = 0; round < params.rounds; round++) {
          if (params.by === 'add') yield* Atomics.add(cells, 0, 1)
          else while (!(yield* tryToAdd(cells, 1))) ghost.retries += 1
        }
      },
    },
  },
  atEnd: {
    'every increment counts': ({ params: { workers, rounds }, shared, load }) =>
      load(shared.cells.addressOf(0), 'i32') === workers * rounds,
  },
  sometimes: {
    'somebody is overtaken, and tries again': ({ params, ghost }) => params.by === 'add' || ghost.retries > 0,
  },
  expect: 'proved',
})

function* tryToAdd(cells: SharedArray<'i32'>, n: number): Program<boolean> {
  const seen = yield* Atomics.load(cells, 0)
  return (yield* Atomics.compareExchange(cells, 0, seen, seen + n)) === seen
}
