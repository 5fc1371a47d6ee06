import { SOCK_STREAM } from 'ipclab/posix'
import type { Fields } from '../fields.ts'
import type { Issue } from '../posix.ts'
import { type Game, PROCS_MAX } from './game.ts'
import { forbiddenInMemory } from './rules-pthread.ts'

/** What a program must not do, as neither POSIX nor Linux says what comes of it, or who of several is first. */

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
    default:
      return forbiddenInMemory(game, step)
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
