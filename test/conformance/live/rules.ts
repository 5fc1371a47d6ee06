import { SOCK_STREAM } from 'ipclab/posix'
import type { Fields } from '../fields.ts'
import type { Issue } from '../posix.ts'
import { type Game, PROCS_MAX, type Told } from './game.ts'

/** What a program must not do, as neither POSIX nor Linux says what comes of it, or who of several is first. */

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

/** Why the step can't be taken next, or must not; `null`: it may. */
export function forbidden(game: Game, step: Issue): string | null {
  const { p, op, args } = step
  if (!game.isIdle(p)) return 'the process can make no call'
  switch (op) {
    case 'fork':
      return Number(args.child) < game.processes || Number(args.child) >= PROCS_MAX ? 'that number is taken' : null
    case 'kill':
      return Number(args.to) < game.processes && game.alive().includes(Number(args.to))
        ? null
        : 'there is nobody to kill'
    case 'sendfd':
      return leadsToSocket(game, p, Number(args.which)) ? 'a socket within itself is collected at some time' : null
    case 'read':
      return tellsOfNotification(game, p, Number(args.fd)) ? 'it would tell the number that a process has here' : null
    case 'ftruncate':
    case 'shm_open':
      return op === 'shm_open' && !String(args.oflag).includes('O_TRUNC') ? null : forbiddenTruncating(game)
    case 'sigcount':
      return isDefault(game, String(args.sig)) ? 'only the recorder remembers a handler that is none any more' : null
    case 'sem_at':
      return latest(game, object(args)) === 'semaphore' ? null : 'there is no semaphore'
    default:
      return op in MAKES || op in USES ? forbiddenObject(game, step) : null
  }
}

function forbiddenTruncating(game: Game): string | null {
  const sleeps = game.blocked().some((other) => other.op === 'sem_wait')
  return sleeps ? 'who sleeps on a semaphore counts himself out in its memory' : null
}

const isDefault = (game: Game, sig: string): boolean =>
  game.log.some(({ op, args }) => op === 'sigaction' && args.sig === sig && args.how === 'default')

function leadsToSocket(game: Game, p: number, fd: number): boolean {
  const kind = game.descriptors(p).find((one) => one.fd === fd)?.kind
  return kind === 'stream' || kind === 'dgram' || kind === 'seqpacket' || kind === 'listener'
}

function tellsOfNotification(game: Game, p: number, fd: number): boolean {
  if (game.descriptors(p).find((one) => one.fd === fd)?.kind !== 'queue') return false
  const objects = Object.values(game.state.objects) as unknown as Fields[] // of any kind
  return objects.some(({ notification }) => notification !== undefined && notification !== null)
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

/** Why what may come next is not promised, as things stand now; `null`: it is. */
export function unpromised(game: Game): string | null {
  for (const [queue, { length }] of Object.entries(game.state.queues)) {
    if (length > 1 && isStream(game, queue)) return 'of several in recv on one stream socket any may be first'
  }
  const sends = game.blocked().filter(({ op }) => op === 'msgsnd')
  const queues = new Set(sends.map(({ args }) => args.id))
  return queues.size < sends.length ? 'of several in msgsnd any may be first' : null
}

function isStream(game: Game, queue: string): boolean {
  if (!queue.endsWith('/in')) return false
  const socket = game.state.objects[queue.slice(0, -'/in'.length)] as unknown as Fields | undefined // of any kind
  return socket?.type === SOCK_STREAM && socket.state !== 'listening'
}
