import { int32, map_anonymous, scenario } from 'ipclab'

const ITEM = 0
const NEXT = 1

/**
 * An unbounded buffer: a linked list in shared memory, which grows by a node for every item, so that the producer never
 * waits. A node becomes part of the list by one store, of its address into the node before it; until then nobody else
 * can reach it, so what it holds is in order before it can be seen. The consumer waits only for that one word.
 *
 * The list begins with an empty node, so that producer and consumer never touch the same end of it. Memory is not given
 * back: the run has as much of it as it produces items.
 */
export default scenario('the unbounded buffer', {
  source: "the textbook's page on IPC, 'Producer-Consumer Problem' (unbounded buffer)",
  about: 'A linked list that the producer never has to wait for. Every item arrives once and in order.',
  params: {
    items: { default: 3, min: 1, max: 20, about: 'how many items are produced' },
  },
  ghost: () => ({ produced: 0, consumed: [] as number[] }),
  *setup({ params }) {
    return { memory: yield* map_anonymous((params.items + 1) * 8, { name: 'list' }) }
  },
  programs: {
    *producer({ params, shared: { memory }, ghost }) {
      let last = memory
      for (let item = 1; item <= params.items; item++) {
        const node = memory + item * 8
        yield* int32(node).store(ITEM, item)
        yield* int32(last).store(NEXT, node) // now it can be seen
        last = node
        ghost.produced = item
      }
    },
    *consumer({ params, shared: { memory }, ghost }) {
      let node = memory
      for (let taken = 0; taken < params.items; taken++) {
        node = yield* int32(node).await_(NEXT, (next) => next !== 0, 'plain')
        ghost.consumed.push(yield* int32(node).load(ITEM))
      }
    },
  },
  invariants: {
    'items arrive once and in order': ({ ghost }) => ghost.consumed.every((item, i) => item === i + 1),
  },
  atEnd: {
    'every item has arrived': ({ params, ghost }) => ghost.consumed.length === params.items,
  },
  sometimes: {
    'all items are in the buffer at once': ({ params, ghost }) =>
      ghost.produced === params.items && ghost.consumed.length === 0,
  },
  expect: 'proved',
})
