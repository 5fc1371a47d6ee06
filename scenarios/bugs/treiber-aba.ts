import { assert, int32, map_anonymous, type Program, scenario, type View } from 'ipclab'

const NULL = 0
const TRIES = 3

/** `head` of the stack, and of each node the next. */
interface Stack {
  readonly head: View<'i32'>
  readonly next: View<'i32'>
}

/**
 * A lock-free stack: to pop is to read the head and its next, and to put the next in the head's place if that is still
 * what it was. It may be, and yet not be the same: another has popped it and the one behind it, and pushed the first back.
 * A, B, A: the comparison succeeds, and what becomes the head is a node that somebody has taken for his own.
 *
 * A counter beside the head, compared with it, is the cure, or nodes that are not used again while anybody looks at them.
 */
export default scenario('A, B, A', {
  source: 'R. K. Treiber: Systems programming: coping with parallelism. IBM Research Report RJ 5118, 1986',
  about: 'A pop is overtaken by two pops and a push. The head is the same again, the stack is not.',
  *setup() {
    const stack: Stack = {
      head: int32(yield* map_anonymous(4, { name: 'head' })),
      next: int32(yield* map_anonymous(12, { name: 'next' })),
    }
    yield* stack.head.store(0, 1) // 1, and behind it 2
    yield* stack.next.store(1, 2)
    return stack
  },
  programs: {
    *slow({ shared: stack }) {
      yield* pop(stack)
    },
    *quick({ shared: stack }) {
      const a = yield* pop(stack)
      const b = yield* pop(stack)
      if (a !== NULL) yield* push(stack, a)
      if (b !== NULL) yield* assert((yield* stack.head.load()) !== b, 'a node that was taken is not on the stack')
    },
  },
  expect: 'violates: a node that was taken is not on the stack',
})

function* pop({ head, next }: Stack): Program<number> {
  for (let i = 0; i < TRIES; i++) {
    const node = yield* head.load()
    if (node === NULL) return NULL
    const behind = yield* next.load(node)
    if ((yield* head.compareExchange(0, node, behind)) === node) return node
  }
  return NULL
}

function* push({ head, next }: Stack, node: number): Program {
  for (let i = 0; i < TRIES; i++) {
    const top = yield* head.load()
    yield* next.store(node, top)
    if ((yield* head.compareExchange(0, top, node)) === top) return
  }
}
