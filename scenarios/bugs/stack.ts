import { assert, int32, map_anonymous, scenario } from 'ipclab'
import { pthread_mutex_lock, pthread_mutex_unlock } from 'ipclab/posix'

/**
 * A stack under a mutex, and a flag that says that something has been pushed. It is never taken back: once it is set, who
 * pops believes in it for ever, and pops from an empty stack. All accesses are ordered, there is no race; the flag says
 * what was, and not what is.
 */
export default scenario('a stack and a flag', {
  source:
    'P. Thomson, A. Donaldson, A. Betts: Concurrency testing using controlled schedulers. ACM Transactions on Parallel Computing 2 (2016): SCTBench, stack (there with 10 rounds)',
  about: 'One pushes, one pops as long as the flag is set, which it stays. It pops more than was pushed.',
  params: {
    rounds: { default: 3, min: 1, max: 10, about: 'how often one pushes and the other pops' },
  },
  *setup({ params }) {
    return {
      slots: int32(yield* map_anonymous(4 * params.rounds, { name: 'slots' })),
      top: int32(yield* map_anonymous(4, { name: 'top' })),
      pushed: int32(yield* map_anonymous(4, { name: 'pushed' })),
      mutex: yield* map_anonymous(40, { name: 'mutex' }),
    }
  },
  programs: {
    *pusher({ params, shared: { slots, top, pushed, mutex } }) {
      for (let round = 0; round < params.rounds; round++) {
        yield* pthread_mutex_lock(mutex)
        const at = yield* top.load()
        yield* slots.store(at, round)
        yield* top.store(0, at + 1)
        yield* pushed.store(0, 1)
        yield* pthread_mutex_unlock(mutex)
      }
    },
    *popper({ params, shared: { slots, top, pushed, mutex } }) {
      for (let round = 0; round < params.rounds; round++) {
        yield* pthread_mutex_lock(mutex)
        if ((yield* pushed.load()) === 1) {
          const above = yield* top.load()
          yield* assert(above > 0, 'nobody pops from an empty stack')
          yield* top.store(0, above - 1)
          yield* slots.load(above - 1)
        }
        yield* pthread_mutex_unlock(mutex)
      }
    },
  },
  expect: 'violates: nobody pops from an empty stack',
})
