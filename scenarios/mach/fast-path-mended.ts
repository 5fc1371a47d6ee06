import { assert, int32, map_anonymous, type Program, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock, sem_init, sem_post, sem_wait } from 'ipclab/posix'

const WAITER = 1
const CALLER = 2

interface Port {
  readonly lock: number
  readonly queued: ReturnType<typeof int32>
  readonly depth: ReturnType<typeof int32>
  readonly stack: ReturnType<typeof int32>
  readonly event: (thread: number) => number
}

/** The caller of `fast-path` takes the receiver off the stack before it puts itself there: the message goes to him, and it waits. */
export default scenario('a fast path that looks before it waits', {
  source: 'GNU Mach, kern/ipc_sched.c and ipc/mach_msg.c; recorded as a panic of that kernel, four calls long',
  about:
    'Send and receive on one port in one call, with waiters in a stack: whoever waited before the call gets its message.',
  *setup() {
    const port = yield* map_anonymous(256, { name: 'port' })
    for (const thread of [WAITER, CALLER]) yield* sem_init(port + 128 + 32 * thread, 1, 0)
    return { port: portAt(port) }
  },
  programs: {
    *waiter({ shared: { port } }) {
      yield* pthread_mutex_lock(port.lock)
      if ((yield* port.queued.load()) > 0) {
        yield* port.queued.add(0, -1)
        return yield* pthread_mutex_unlock(port.lock)
      }
      yield* push(port, WAITER)
      yield* pthread_mutex_unlock(port.lock)
      yield* sem_wait(port.event(WAITER))
    },
    *caller({ shared: { port } }) {
      yield* pthread_mutex_lock(port.lock)
      if ((yield* port.depth.load()) === 0) {
        // Nobody waits: the message is queued, and the first in the queue is received, which is this one.
        return yield* pthread_mutex_unlock(port.lock)
      }
      const receiver = yield* pop(port)
      yield* push(port, CALLER)
      yield* assert(receiver !== CALLER, 'the fast path hands its message to somebody else')
      yield* sem_post(port.event(receiver))
      yield* pthread_mutex_unlock(port.lock)
      yield* sem_wait(port.event(CALLER))
    },
    *sender({ shared: { port } }) {
      yield* pthread_mutex_lock(port.lock)
      if ((yield* port.depth.load()) === 0) yield* port.queued.add(0, 1)
      else yield* sem_post(port.event(yield* pop(port)))
      yield* pthread_mutex_unlock(port.lock)
    },
  },
  expect: 'proved',
})

function portAt(address: number): Port {
  return {
    lock: address,
    queued: int32(address + 64),
    depth: int32(address + 68),
    stack: int32(address + 72),
    event: (thread) => address + 128 + 32 * thread,
  }
}

function* push(port: Port, thread: number): Program {
  const depth = yield* port.depth.load()
  yield* port.stack.store(depth, thread)
  yield* port.depth.store(0, depth + 1)
}

function* pop(port: Port): Program<number> {
  const depth = (yield* port.depth.load()) - 1
  yield* port.depth.store(0, depth)
  return yield* port.stack.load(depth)
}
