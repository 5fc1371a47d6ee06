import { scenario } from 'ipclab'
import { IPC_CREAT, SEM_UNDO, SETVAL, semctl, semget, semop } from 'ipclab/posix'

/**
 * A System V semaphore as a lock, whose holder may be killed. Each P is made with SEM_UNDO: when a process ends, however
 * it ends, the kernel gives back what it had taken, and the next one gets in. Without it (`undo: 'no'`) the unit is gone
 * with the dead, as it is with a POSIX semaphore, and the others sleep for ever. The kernel gives back the unit, and not
 * the order of what it guarded.
 */
export default scenario('SEM_UNDO gives back what the dead had taken', {
  source: 'semop(2), SEM_UNDO; W. R. Stevens: UNIX Network Programming, volume 2 (2nd edition, 1999), chapter 11',
  about:
    'Processes take turns by a System V semaphore, and one may be killed in its turn. SEM_UNDO gives its unit back. Proved, for one kill.',
  params: {
    processes: { default: 2, min: 2, max: 4, about: 'how many take turns' },
    undo: { default: 'yes', oneOf: ['yes', 'no'], about: 'whether what the dead had taken is given back' },
  },
  faults: { kill: ['process'] },
  ghost: () => ({ turns: 0 }),
  *setup() {
    const set = yield* semget(1, 1, IPC_CREAT | 0o600)
    yield* semctl(set, 0, SETVAL, 1)
    return set
  },
  programs: {
    process: {
      copies: ({ processes }) => processes,
      *program({ params: { undo }, shared: set, ghost }) {
        const sem_flg = undo === 'yes' ? SEM_UNDO : 0
        yield* semop(set, [{ sem_num: 0, sem_op: -1, sem_flg }])
        ghost.turns += 1
        yield* semop(set, [{ sem_num: 0, sem_op: 1, sem_flg }])
      },
    },
  },
  sometimes: {
    'all have their turn': ({ params, ghost }) => ghost.turns === params.processes,
  },
  expect: 'proved',
})
