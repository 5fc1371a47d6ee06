import { choose, kill, scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

const INGREDIENTS = ['tobacco', 'paper', 'matches']

/**
 * Three smokers, of whom the first has tobacco, the second paper and the third matches, and an agent who puts two of the
 * three on the table. The smoker who has what is missing takes them, smokes, and says so. Here each smoker waits for the
 * one thing that he lacks and then for the other, and that is the bug: when tobacco and paper come, the one with matches
 * is to smoke; but the one with tobacco may take the paper first, and then nobody has all three.
 *
 * The agent is not to be changed. `cigarette-smokers-mended` puts helpers between him and the smokers.
 */
export default scenario('the cigarette smokers', {
  source:
    "S. S. Patil: Limitations and capabilities of Dijkstra's semaphore primitives for coordination among processes. MIT Project MAC, Computation Structures Group Memo 57 (1971); A. B. Downey: The Little Book of Semaphores, section 4.5",
  about:
    'An agent puts two of three ingredients on the table, and the wrong smoker takes one of them. Look at who holds what when all wait (smoker1 has tobacco, smoker2 paper, smoker3 matches). The first delivery can go wrong, and so can any later one (--set deliveries=3).',
  params: {
    deliveries: { default: 1, min: 1, max: 5, about: 'how often the agent puts something on the table' },
  },
  *setup() {
    const sems: number[] = []
    for (const ingredient of INGREDIENTS) sems.push(yield* sem_open(`/${ingredient}`, O_CREAT, 0o600, 0))
    return {
      table: (ingredient: number) => sems[(ingredient - 1) % 3] ?? 0,
      smoked: yield* sem_open('/smoked', O_CREAT, 0o600, 0),
    }
  },
  programs: {
    *agent({ params, shared: { table, smoked }, name: own, pids }) {
      for (let delivery = 0; delivery < params.deliveries; delivery++) {
        const missing = 1 + (yield* choose(3))
        yield* sem_post(table(missing + 1))
        yield* sem_post(table(missing + 2))
        yield* sem_wait(smoked)
      }
      // The others would wait for more; the day is over.
      for (const [name, pid] of Object.entries(pids)) if (name !== own) yield* kill(pid)
    },
    smoker: {
      copies: 3,
      *program({ shared: { table, smoked }, index: has }) {
        for (;;) {
          yield* sem_wait(table(has + 1))
          // Who stands here may have what another needs.
          yield* sem_wait(table(has + 2))
          yield* sem_post(smoked)
        }
      },
    },
  },
  expect: 'deadlock',
})
