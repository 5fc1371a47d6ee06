import { choose, int32, kill, map_anonymous, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

const INGREDIENTS = ['tobacco', 'paper', 'matches']

/**
 * The smokers of `cigarette-smokers`, mended, with the agent as he was. In their place a pusher for each ingredient waits
 * for it. Two pushers are woken by a delivery: the first only notes what has come; the second finds the note, knows what
 * is missing, and calls the smoker who has it. A smoker waits for one thing, his call, so nobody can take half of a pair.
 */
export default scenario('the cigarette smokers, mended', {
  source: 'A. B. Downey: The Little Book of Semaphores, section 4.5 (the solution with pushers, by D. L. Parnas)',
  about:
    'Three pushers find out which two ingredients have come, and call the smoker who has the third: proved for one delivery that it is he who smokes, and that nobody waits for ever. Look at the two pushers, who come in either order. For two (--set deliveries=2) it is proved up to a few preemptions.',
  params: {
    deliveries: { default: 1, min: 1, max: 5, about: 'how often the agent puts something on the table' },
  },
  ghost: () => ({ missing: 0, smoker: 0, smoked: 0, mistaken: false }),
  *setup() {
    const sems: number[] = []
    const calls: number[] = []
    for (const ingredient of INGREDIENTS) {
      sems.push(yield* sem_open(`/${ingredient}`, O_CREAT, 0o600, 0))
      calls.push(yield* sem_open(`/has-${ingredient}`, O_CREAT, 0o600, 0))
    }
    return {
      table: (ingredient: number) => sems[(ingredient - 1) % 3] ?? 0,
      callOf: (ingredient: number) => calls[ingredient - 1] ?? 0,
      smoked: yield* sem_open('/smoked', O_CREAT, 0o600, 0),
      mutex: yield* sem_open('/mutex', O_CREAT, 0o600, 1),
      /** The ingredient that has come, 0 while there is none. */
      note: int32(yield* map_anonymous(4, { name: 'note' })),
    }
  },
  programs: {
    *agent({ params, shared: { table, smoked }, ghost, name: own, pids }) {
      for (let delivery = 0; delivery < params.deliveries; delivery++) {
        const missing = 1 + (yield* choose(3))
        ghost.missing = missing
        yield* sem_post(table(missing + 1))
        yield* sem_post(table(missing + 2))
        yield* sem_wait(smoked)
      }
      // The others would wait for more; the day is over.
      for (const [name, pid] of Object.entries(pids)) if (name !== own) yield* kill(pid)
    },
    pusher: {
      copies: 3,
      *program({ shared: { table, callOf, mutex, note }, index: own }) {
        for (;;) {
          yield* sem_wait(table(own))
          yield* sem_wait(mutex)
          const other = yield* note.load()
          if (other === 0) {
            yield* note.store(0, own)
          } else {
            yield* note.store(0, 0)
            yield* sem_post(callOf(1 + 2 + 3 - own - other))
          }
          yield* sem_post(mutex)
        }
      },
    },
    smoker: {
      copies: 3,
      *program({ shared: { callOf, smoked }, ghost, index: has }) {
        for (;;) {
          yield* sem_wait(callOf(has))
          ghost.smoker = has
          if (has !== ghost.missing) ghost.mistaken = true
          ghost.smoked += 1
          yield* sem_post(smoked)
        }
      },
    },
  },
  invariants: {
    'who smokes has what is missing': ({ ghost }) => !ghost.mistaken,
  },
  atEnd: {
    'every delivery is smoked': ({ params, ghost }) => ghost.smoked === params.deliveries,
  },
  sometimes: {
    'the one with tobacco smokes': ({ ghost }) => ghost.smoker === 1,
    'the one with paper smokes': ({ ghost }) => ghost.smoker === 2,
    'the one with matches smokes': ({ ghost }) => ghost.smoker === 3,
  },
  expect: 'proved',
})
