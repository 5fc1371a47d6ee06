import type { Fields } from '../fields.ts'
import type { Issue } from '../posix.ts'
import type { Game, Told } from './game.ts'

/** What a program must not do with pthread objects and semaphores in shared memory, as POSIX or glibc leaves it undefined. */

const object = ({ map, off }: Fields): string => `${map}+${off}`
const lock = ({ map, mutex_off }: Fields): string => `${map}+${mutex_off}`
const returned = ({ out }: Told): boolean => out.ret === 0

const MAKES: { readonly [op: string]: string } = {
  mutex_init: 'mutex',
  cond_init: 'condition',
  rwlock_init: 'rwlock',
  barrier_init: 'barrier',
  sem_init: 'semaphore',
}
const USES: { readonly [op: string]: string } = {
  mutex_lock: 'mutex',
  mutex_trylock: 'mutex',
  mutex_timedlock: 'mutex',
  mutex_unlock: 'mutex',
  mutex_consistent: 'mutex',
  mutex_destroy: 'mutex',
  cond_wait: 'condition',
  cond_timedwait: 'condition',
  cond_signal: 'condition',
  cond_broadcast: 'condition',
  rdlock: 'rwlock',
  wrlock: 'rwlock',
  tryrdlock: 'rwlock',
  trywrlock: 'rwlock',
  rw_unlock: 'rwlock',
  barrier_wait: 'barrier',
}
const LOCKS = ['mutex_lock', 'mutex_timedlock']
const WAITS = ['cond_wait', 'cond_timedwait']

/** Why the operation on an object in memory must not be; `null`: it may, or is on something else. */
export function forbiddenInMemory(game: Game, step: Issue): string | null {
  if (step.op === 'sem_at') return latest(game, object(step.args)) === 'semaphore' ? null : 'there is no semaphore'
  return step.op in MAKES || step.op in USES ? forbiddenObject(game, step) : null
}

function forbiddenObject(game: Game, { p, op, args }: Issue): string | null {
  const what = MAKES[op] ?? USES[op] ?? ''
  const made = latest(game, object(args))
  if (op in MAKES) return made === null ? null : 'there is an object'
  if (made !== what) return `there is no ${what}`
  if (what === 'mutex' && op !== 'mutex_lock' && wasDestroyed(game, object(args))) return 'it was destroyed'
  if (what === 'condition' && hasDeadWaiter(game, args)) return 'a waiter that died there lets signallers wait for ever'
  switch (op) {
    case 'mutex_destroy':
      return isRobust(game, object(args)) && isInUse(game, object(args)) ? 'it is in use' : null
    case 'mutex_unlock':
      return mayUnlock(game, p, object(args)) ? null : "it is not the process's own"
    case 'rw_unlock':
      return rwlocksOf(game, p, object(args)) > 0 ? null : 'it does not have the rwlock'
    case 'cond_wait':
    case 'cond_timedwait': {
      if (latest(game, lock(args)) !== 'mutex') return 'there is no mutex'
      if (!mayUnlock(game, p, lock(args))) return "the mutex is not the process's own"
      if (op === 'cond_timedwait' && isWaitedFor(game, lock(args)))
        return 'whether it has the mutex again before who waits for it is not promised'
      return waiters(game, args).every((other) => lock(other.args) === lock(args))
        ? null
        : 'others wait with another mutex'
    }
    case 'cond_broadcast':
      return waiters(game, args).length > 1 ? 'who of several has the mutex first is not promised' : null
    default:
      return null
  }
}

/** What was made there. */
function latest(game: Game, place: string): string | null {
  const made = game.log.filter((told) => told.op in MAKES && object(told.args) === place && returned(told)).at(-1)
  return made === undefined ? null : (MAKES[made.op] ?? null)
}

const waiters = (game: Game, cond: Fields): Issue[] =>
  game.blocked().filter(({ op, args }) => WAITS.includes(op) && object(args) === object(cond))

/** Somebody waits for the mutex, or will when his condition is signalled. */
const isWaitedFor = (game: Game, mutex: string): boolean =>
  game
    .blocked()
    .some(({ op, args }) => (WAITS.includes(op) ? lock(args) : LOCKS.includes(op) && object(args)) === mutex)

const hasDeadWaiter = (game: Game, cond: Fields): boolean =>
  game.log.some(({ op, args, out }) => WAITS.includes(op) && object(args) === object(cond) && 'killed' in out)

const wasDestroyed = (game: Game, place: string): boolean =>
  game.log.some((told) => told.op === 'mutex_destroy' && object(told.args) === place && returned(told))

const isInUse = (game: Game, place: string): boolean => ownerOf(game, place) !== null || isWaitedFor(game, place)

const isRobust = (game: Game, place: string): boolean =>
  game.log.some(({ op, args }) => op === 'mutex_init' && object(args) === place && args.robust === 1)

/**
 * Others than normal mutexes look who unlocks; but of one that can't be recovered glibc's trylock has said so, and yet
 * taken it.
 */
function mayUnlock(game: Game, p: number, place: string): boolean {
  const made = game.log.filter(({ op, args }) => op === 'mutex_init' && object(args) === place).at(-1)
  const lost = game.log.some(({ args, out }) => object(args) === place && out.errno === 'ENOTRECOVERABLE')
  if (made === undefined || (!lost && (made.args.type !== 'normal' || made.args.robust === 1))) return true
  return ownerOf(game, place) === p
}

/** Who has taken the mutex there last, and not given it up. */
export function ownerOf(game: Game, place: string): number | null {
  let owner: number | null = null
  for (const told of game.log) {
    const { p, op, args, out } = told
    if (WAITS.includes(op) && lock(args) === place) {
      if (out.blocks === true) owner = null
      else if (out.errno === undefined || out.errno === 'ETIMEDOUT') owner = p
    } else if (object(args) === place) {
      if (
        ['mutex_lock', 'mutex_trylock', 'mutex_timedlock'].includes(op) &&
        (returned(told) || out.errno === 'EOWNERDEAD')
      )
        owner = p
      if (op === 'mutex_unlock' && returned(told)) owner = null
    }
  }
  return owner
}

/** How often the process has the rwlock, in either way. */
function rwlocksOf(game: Game, p: number, place: string): number {
  let count = 0
  for (const told of game.log) {
    if (told.p !== p || object(told.args) !== place || !returned(told)) continue
    if (['rdlock', 'wrlock', 'tryrdlock', 'trywrlock'].includes(told.op)) count += 1
    if (told.op === 'rw_unlock') count -= 1
  }
  return count
}
