import { scenario } from 'ipclab'
import { O_CREAT, sem_open, sem_post, sem_wait } from 'ipclab/posix'

/**
 * A bridge with one lane between two villages, long enough for two cars. Who wants to cross drives on to the near half
 * when it is free, then on to the far half when that is free, and so cars follow each other. Two that come from both
 * sides at once have a half each and want the other's, and nobody on a bridge can turn round.
 *
 * The cure is not to drive on to the near half while somebody comes from the far one: `bridge-mended`.
 */
export default scenario('a bridge with one lane', {
  source:
    'A. Silberschatz, P. B. Galvin, G. Gagne: Operating System Concepts, the exercise of the bridge between North and South Tunbridge (chapter on deadlocks)',
  about:
    'Cars take the near half of a bridge and then the far half. Look at the two that meet in the middle. One car from each side is enough (--set north=1 --set south=1), and from one side alone all get across (--set south=0).',
  params: {
    north: { default: 2, min: 0, max: 4, about: 'how many cars drive north' },
    south: { default: 2, min: 0, max: 4, about: 'how many cars drive south' },
  },
  ghost: () => ({ across: 0 }),
  *setup() {
    return {
      southHalf: yield* sem_open('/south-half', O_CREAT, 0o600, 1),
      northHalf: yield* sem_open('/north-half', O_CREAT, 0o600, 1),
    }
  },
  programs: {
    northbound: {
      copies: ({ north }) => north,
      *program({ shared: { southHalf, northHalf }, ghost }) {
        yield* sem_wait(southHalf)
        yield* sem_wait(northHalf)
        yield* sem_post(southHalf)
        yield* sem_post(northHalf)
        ghost.across += 1
      },
    },
    southbound: {
      copies: ({ south }) => south,
      *program({ shared: { southHalf, northHalf }, ghost }) {
        yield* sem_wait(northHalf)
        yield* sem_wait(southHalf)
        yield* sem_post(northHalf)
        yield* sem_post(southHalf)
        ghost.across += 1
      },
    },
  },
  atEnd: {
    'everybody is across': ({ params, ghost }) => ghost.across === params.north + params.south,
  },
  expect: 'deadlock',
})
