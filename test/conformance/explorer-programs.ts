import { assert, assume, await_, compareExchange, type Program, type View } from 'ipclab/kernel'
import { type Mailbox, mailbox_receive, mailbox_send } from 'ipclab/message'
import {
  pthread_cond_broadcast,
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  pthread_mutex_unlock,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'

/** The programs of `explorer/counts.json`, as its descriptions have them, with their parameters. */

export type Params = Readonly<Record<string, number>>

export interface Shared {
  /** The variables, or the cells of an array. */
  readonly x: View<'i32'>
  /** What variables there are beside the array. */
  readonly y: View<'i32'>
  /** Of each mutex or condition variable its address. */
  readonly lock: (number: number) => number
  readonly boxes: readonly Mailbox[]
}

type Body = (thread: number, shared: Shared, params: Params) => Program

interface Entry {
  readonly params: readonly string[]
  /** How many threads there are. */
  readonly threads: (params: Params) => number
  readonly body: Body
  readonly boxes?: (params: Params) => number
  readonly setup?: (shared: Shared, params: Params) => Program
}

const N = ({ N: n = 0 }: Params): number => n
const two = (): number => 2
const of = (params: Params, name: string): number => params[name] ?? 0

const lock = (shared: Shared, number: number) => pthread_mutex_lock(shared.lock(number))
const unlock = (shared: Shared, number: number) => pthread_mutex_unlock(shared.lock(number))

function* increment({ x }: Shared, at = 0): Program {
  yield* x.store(at, (yield* x.load(at)) + 1)
}

const philosopher = (ordered: boolean): Body =>
  function* (i, shared, { N: n = 0 }) {
    const [left, right] = [i, (i + 1) % n]
    const [first, second] = ordered && left > right ? [right, left] : [left, right]
    yield* lock(shared, first)
    yield* lock(shared, second)
    yield* unlock(shared, second)
    yield* unlock(shared, first)
  }

const ticket = (awaits: (x: View<'i32'>, my: number) => Program): Body =>
  function* (_i, { x }) {
    const [next, serving, c] = [0, 1, 2]
    const my = yield* x.add(next, 1)
    yield* awaits(x, my)
    yield* x.store(c, (yield* x.load(c)) + 1)
    yield* x.store(serving, my + 1)
  }

/** Enters the critical section of Peterson's and Dekker's programs, and looks round in it. */
function* critical(i: number, x: View<'i32'>, cs: number): Program {
  yield* x.store(cs, i + 1)
  yield* assert((yield* x.load(cs)) === i + 1, 'alone')
}

const TABLE: Readonly<Record<string, Entry>> = {
  'barrier-cv': {
    params: ['N'],
    threads: N,
    *body(_i, shared, { N: n = 0 }) {
      const { x } = shared
      yield* lock(shared, 0)
      const count = yield* x.load()
      yield* x.store(0, count + 1)
      if (count + 1 === n) yield* pthread_cond_broadcast(shared.lock(1))
      else while ((yield* x.load()) < n) yield* pthread_cond_wait(shared.lock(1), shared.lock(0))
      yield* unlock(shared, 0)
    },
  },
  boundedbuf: {
    params: ['P', 'K', 'CAP'],
    threads: (params) => of(params, 'P') + 1,
    *body(thread, { x, y }, { P: p = 0, K: k = 0, CAP: cap = 0 }) {
      for (let n = 0; thread < p && n < k; n++) {
        const i = yield* y.load()
        if (i >= cap) continue
        yield* x.store(i, 1)
        yield* y.store(0, i + 1)
      }
      for (let n = 0; thread === p && n < p * k; n++) {
        const i = yield* y.load()
        if (i <= 0) continue
        yield* x.load(i - 1)
        yield* y.store(0, i - 1)
      }
    },
  },
  casw: {
    params: ['N'],
    threads: N,
    *body(i, { x }) {
      yield* compareExchange(x.at(0), 'i32', 0, i + 1)
      yield* x.store(0, i + 1)
    },
  },
  'counter-faa': {
    params: ['N', 'K'],
    threads: N,
    *body(_i, { x }, params) {
      for (let n = 0; n < of(params, 'K'); n++) yield* x.add(0, 1)
    },
  },
  'counter-mutex': {
    params: ['N', 'K'],
    threads: N,
    *body(_i, shared, params) {
      for (let n = 0; n < of(params, 'K'); n++) {
        yield* lock(shared, 0)
        yield* increment(shared)
        yield* unlock(shared, 0)
      }
    },
  },
  'counter-rw': {
    params: ['N', 'K'],
    threads: N,
    *body(_i, shared, params) {
      for (let n = 0; n < of(params, 'K'); n++) yield* increment(shared)
    },
  },
  dekker: {
    params: ['R', 'S'],
    threads: two,
    *body(i, { x }, { R: r = 0, S: s = 0 }) {
      const [j, turn, cs] = [1 - i, 2, 3]
      for (let round = 0; round < r; round++) {
        yield* x.store(i, 1)
        let entered = false
        for (let poll = 0; poll < s && !entered; poll++) {
          if ((yield* x.load(j)) === 0) {
            entered = true
          } else if ((yield* x.load(turn)) !== i) {
            yield* x.store(i, 0)
            let mine = false
            for (let wait = 0; wait < s && !mine; wait++) mine = (yield* x.load(turn)) === i
            if (!mine) return
            yield* x.store(i, 1)
          }
        }
        if (!entered) return
        yield* critical(i, x, cs)
        yield* x.store(turn, j)
        yield* x.store(i, 0)
      }
    },
  },
  fibbench: {
    params: ['K'],
    threads: two,
    *setup({ x }) {
      yield* x.store(0, 1)
      yield* x.store(1, 1)
    },
    *body(i, { x }, params) {
      for (let n = 0; n < of(params, 'K'); n++) {
        const p = yield* x.load(i)
        const q = yield* x.load(1 - i)
        yield* x.store(i, p + q)
      }
    },
  },
  filesystem: {
    params: ['N'],
    threads: N,
    *body(t, shared) {
      const { x, y: busy } = shared
      const [inodes, blocks] = [32, 26]
      const i = t % inodes
      yield* lock(shared, i)
      if ((yield* x.load(i)) === 0) {
        for (let b = (2 * i) % blocks; ; b = (b + 1) % blocks) {
          yield* lock(shared, inodes + b)
          if ((yield* busy.load(b)) === 0) {
            yield* busy.store(b, 1)
            yield* x.store(i, b + 1)
            yield* unlock(shared, inodes + b)
            break
          }
          yield* unlock(shared, inodes + b)
        }
      }
      yield* unlock(shared, i)
    },
  },
  indexer: {
    params: ['N'],
    threads: N,
    *body(t, shared) {
      const { x } = shared
      const size = 128
      for (let k = 1; k <= 4; k++) {
        const w = 11 * k + t
        for (let h = (7 * w) % size; ; h = (h + 1) % size) {
          yield* lock(shared, h)
          const free = (yield* x.load(h)) === 0
          if (free) yield* x.store(h, w)
          yield* unlock(shared, h)
          if (free) break
        }
      }
    },
  },
  lastzero: {
    params: ['N'],
    threads: (params) => N(params) + 1,
    *body(j, { x }, params) {
      if (j > 0) return yield* x.store(j, (yield* x.load(j - 1)) + 1)
      for (let i = N(params); (yield* x.load(i)) !== 0; ) i -= 1
    },
  },
  mailbox: {
    params: ['C'],
    threads: (params) => of(params, 'C') + 1,
    boxes: (params) => of(params, 'C') + 1,
    *body(i, { boxes }, { C: clients = 0 }) {
      const [server] = boxes
      if (server === undefined) return
      const own = (client: number): Mailbox => boxes[client + 1] ?? server
      if (i < clients) {
        yield* mailbox_send(server, i)
        yield* mailbox_receive(own(i))
        return
      }
      for (let n = 0; n < clients; n++) yield* mailbox_send(own(Number(yield* mailbox_receive(server))), 0)
    },
  },
  'pc-cv': {
    params: ['K'],
    threads: two,
    *body(i, shared, params) {
      const { x } = shared
      const [empty, full] = [shared.lock(1), shared.lock(2)]
      for (let n = 0; n < of(params, 'K'); n++) {
        yield* lock(shared, 0)
        if (i === 0) while ((yield* x.load()) > 0) yield* pthread_cond_wait(empty, shared.lock(0))
        else while ((yield* x.load()) === 0) yield* pthread_cond_wait(full, shared.lock(0))
        yield* x.store(0, (yield* x.load()) + (i === 0 ? 1 : -1))
        yield* unlock(shared, 0)
        yield* pthread_cond_signal(i === 0 ? full : empty)
      }
    },
  },
  peterson: {
    params: ['R', 'S'],
    threads: two,
    *body(i, { x }, { R: r = 0, S: s = 0 }) {
      const [turn, cs] = [2, 3]
      for (let round = 0; round < r; round++) {
        yield* x.store(i, 1)
        yield* x.store(turn, 1 - i)
        let entered = false
        for (let poll = 0; poll < s && !entered; poll++)
          entered = (yield* x.load(1 - i)) === 0 || (yield* x.load(turn)) === i
        if (!entered) return
        yield* critical(i, x, cs)
        yield* x.store(i, 0)
      }
    },
  },
  'philo-naive': { params: ['N'], threads: N, body: philosopher(false) },
  'philo-ordered': { params: ['N'], threads: N, body: philosopher(true) },
  readers: {
    params: ['N'],
    threads: (params) => N(params) + 1,
    *body(i, { x }) {
      if (i === 0) yield* x.store(0, 42)
      else yield* x.load()
    },
  },
  'sb-ring': {
    params: ['N'],
    threads: N,
    *body(i, { x }, params) {
      yield* x.store(i, 1)
      yield* x.load((i + 1) % N(params))
    },
  },
  semaphore: {
    params: ['N', 'K', 'init'],
    threads: N,
    *setup(shared, params) {
      yield* sem_init(shared.lock(0), 1, of(params, 'init'))
    },
    *body(_i, shared, params) {
      for (let n = 0; n < of(params, 'K'); n++) {
        yield* sem_wait(shared.lock(0))
        yield* sem_post(shared.lock(0))
      }
    },
  },
  spsc: {
    params: ['K', 'T', 'CAP'],
    threads: two,
    *body(i, { x, y }, { K: k = 0, T: t = 0, CAP: cap = 0 }) {
      const [head, tail] = [0, 1]
      let done = 0
      for (let n = 0; n < t && done < k; n++) {
        if (i === 0) {
          const at = yield* y.load(tail)
          const first = yield* y.load(head)
          if ((at + 1) % cap === first) continue
          yield* x.store(at, done)
          yield* y.store(tail, (at + 1) % cap)
        } else {
          const at = yield* y.load(head)
          if (at === (yield* y.load(tail))) continue
          yield* assert((yield* x.load(at)) === done, 'in order')
          yield* y.store(head, (at + 1) % cap)
        }
        done += 1
      }
    },
  },
  'ticket-assume': {
    params: ['N'],
    threads: N,
    body: ticket(function* (x, my) {
      yield* assume((yield* x.load(1)) === my)
    }),
  },
  'ticket-await': {
    params: ['N'],
    threads: N,
    body: ticket(function* (x, my) {
      yield* await_(x.at(1), 'i32', (value) => value === my)
    }),
  },
  writers: {
    params: ['N'],
    threads: N,
    *body(i, { x }) {
      yield* x.store(0, i + 1)
    },
  },
}

/** Programs by name. */
export const PROGRAMS: ReadonlyMap<string, Entry> = new Map(Object.entries(TABLE))
