import { explore } from 'ipclab/explore'
import {
  type Args,
  type Call,
  call,
  compareExchange,
  type Definition,
  DONE,
  defineCall,
  done,
  futex_wait,
  futex_wake,
  int32,
  Journal,
  leaveQueue,
  map_anonymous,
  type Scenario,
  SLEEP,
  scenario,
} from 'ipclab/kernel'
import { pthread_mutex_init, pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'
import { afterEach, describe, expect, test, vi } from 'vitest'
import * as test_ from '../helpers/objects.ts'

/** Kernels with a fault planted in one call: the explorer finds it, and nothing in the same kernel without it. */

type Stage = Definition<Args, unknown>['stages'][number]

/** A call's definition under another name, with its first stage changed. */
function mutated(original: Call<unknown>, change: (stage: Stage) => Stage): Definition<Args, unknown> {
  const { waits, ...def } = original.def
  void waits
  const [first, ...others] = def.stages
  return defineCall({
    ...def,
    name: `mutant_${def.name}`,
    stages: first === undefined ? [] : [change(first), ...others],
  })
}

const nobodyWoken = mutated(futex_wake(0, 0), () => ({ attempt: (kernel) => done(kernel, 0) }))
const forgetfulPut = mutated(test_.put(), () => ({
  attempt(kernel, _thread, { count }) {
    test_.addUnits(kernel, Number(count))
    return done(kernel)
  },
}))
const letsTwoIn = mutated(pthread_mutex_lock(0), ({ attempt }) => ({
  attempt(kernel, thread, args) {
    const outcome = attempt(kernel, thread, args)
    if (outcome !== SLEEP) return outcome
    leaveQueue(kernel, thread)
    thread.status = 'ready'
    kernel.value = undefined
    return DONE
  },
}))

type Calls = {
  wake(address: number): Call<unknown>
  put(): Call<unknown>
  lock(mutex: number): Call<unknown>
}

const sound: Calls = { wake: (at) => futex_wake(at, 1), put: () => test_.put(), lock: pthread_mutex_lock }

/** A lock on a futex, as Drepper's first: 0 free, 1 taken. */
function futexLock({ wake }: Calls): Scenario {
  return scenario('a lock on a futex', {
    *setup() {
      return yield* map_anonymous(4096)
    },
    programs: {
      P: {
        copies: 2,
        *program({ shared: at }) {
          while ((yield* compareExchange(at, 'i32', 0, 1)) !== 0) {
            try {
              yield* futex_wait(at, 1)
            } catch {} // another value by now
          }
          yield* int32(at).store(0, 0)
          yield* wake(at)
        },
      },
    },
    expect: 'proved',
  })
}

function handsOver({ put }: Calls): Scenario {
  return scenario('units are put and taken', {
    *setup() {
      yield* test_.makeShelf()
    },
    programs: {
      P: {
        copies: 2,
        *program() {
          yield* test_.take()
        },
      },
      *Q() {
        yield* put()
        yield* put()
      },
    },
    expect: 'proved',
  })
}

function excludes({ lock }: Calls): Scenario {
  return scenario('one at a time', {
    ghost: () => ({ inside: 0 }),
    *setup() {
      const mutex = yield* map_anonymous(4096)
      yield* pthread_mutex_init(mutex)
      return mutex
    },
    programs: {
      P: {
        copies: 2,
        *program({ shared: mutex, ghost }) {
          yield* lock(mutex)
          ghost.inside += 1
          yield* int32(mutex).load(100)
          ghost.inside -= 1
          yield* pthread_mutex_unlock(mutex)
        },
      },
    },
    invariants: { 'one is inside': ({ ghost }) => ghost.inside <= 1 },
    expect: 'proved',
  })
}

const mutants: [string, (calls: Calls) => Scenario, Partial<Calls>, string][] = [
  [
    'a futex_wake that wakes nobody',
    futexLock,
    { wake: (at) => call(nobodyWoken, { address: at, count: 1 }) },
    'deadlock',
  ],
  ['a put that forgets the wake-up', handsOver, { put: () => call(forgetfulPut, { count: 1 }) }, 'deadlock'],
  ['a mutex that lets two in', excludes, { lock: (mutex) => call(letsTwoIn, { mutex }) }, 'invariant'],
]

describe.each(mutants)('%s', (_name, make, fault, kind) => {
  test.each(['fifo', 'lifo'] as const)(
    'is found when waiters are served %s, and its sound twin is proved right',
    async (wakeOrder) => {
      const found = await explore(make({ ...sound, ...fault }), { wakeOrder })
      expect(found.failure?.kind).toBe(kind)
      expect((await explore(make(sound), { wakeOrder, strategy: 'dfs' })).verdict).toBe('proved')
    },
  )
})

describe('a journal that forgets', () => {
  afterEach(() => vi.restoreAllMocks())

  const counts = () =>
    scenario('counts', {
      *setup() {
        return yield* map_anonymous(64)
      },
      programs: {
        *P({ shared: at }) {
          yield* int32(at).store(0, (yield* int32(at).load()) + 1)
        },
      },
      expect: 'proved',
    })
  const leaves = () =>
    scenario('leaves a unit', {
      *setup() {
        yield* test_.makeShelf()
      },
      programs: {
        *P() {
          yield* test_.put()
          yield* test_.put()
          yield* test_.take()
        },
        *Q() {
          yield* test_.countUnits()
        },
      },
      expect: 'proved',
    })

  test.each([
    ['a memory word', 'saveWord', counts],
    ['what it is told of', 'save', leaves],
  ] as const)('%s is found by making the first run twice', async (_what, method, make) => {
    expect((await explore(make(), { wakeOrder: 'fifo' })).verdict).toBe('proved')
    vi.spyOn(Journal.prototype, method).mockImplementation(() => {})
    await expect(explore(make(), { wakeOrder: 'fifo' })).rejects.toThrow(/its runs part at step|kernel panic/)
  })
})
