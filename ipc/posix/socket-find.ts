import { exists, type Kernel, peek, READ, type Ref, SEQ_CST, type Thread } from '../../kernel/index.ts'
import { isAbstract } from './args.ts'
import { byteLength, lookup, mayOpen } from './file.ts'
import { O_WRONLY } from './flags.ts'
import { resolve } from './path.ts'
import { type Bound, boundTo, type Socket, type SocketType } from './socket-object.ts'

/**
 * Names of sockets: they are files of the type `sock`, and who may write them may connect and send there. Abstract names,
 * behind a NUL, are no files: anybody may use them, each type of socket has its own, and they go with the socket.
 */

/** Bytes in sun_path. */
const SUN_PATH = 108

/** Whether it is an address at all. */
export const isAddress = (path: string): boolean => path !== '' && byteLength(path) <= SUN_PATH

/** What says that a socket of that type has the abstract name. */
export const abstractly = (path: string, type: SocketType): Ref<Bound> => `abstract socket ${type}:${path.slice(1)}`

/** A name as a reader would write it: with an @ for the NUL, as ss(8) does. */
export const shown = (path: string): string => (isAbstract(path) ? `@${path.slice(1)}` : path)

/** The socket that is bound to the path. */
export function findSocket(
  kernel: Kernel,
  thread: Thread,
  path: string,
  type: SocketType,
): { readonly socket: Ref<Socket> } | { readonly error: string } {
  if (isAbstract(path)) {
    const name = abstractly(path, type)
    kernel.footprint.add(name, 0, READ, SEQ_CST)
    return exists(kernel, name) ? { socket: peek(kernel, name).socket } : { error: 'ECONNREFUSED' }
  }
  const at = resolve(kernel, path)
  if (typeof at === 'string') return { error: at }
  if (at.name === null) return { error: 'ECONNREFUSED' }
  const file = lookup(kernel, at.name)
  if (file === null) return { error: 'ENOENT' }
  if (!mayOpen(kernel, thread, file, O_WRONLY)) return { error: 'EACCES' }
  const bound = boundTo(file)
  kernel.footprint.add(bound, 0, READ, SEQ_CST)
  if (!exists(kernel, bound)) return { error: 'ECONNREFUSED' }
  const { socket } = peek(kernel, bound)
  return peek(kernel, socket).type === type ? { socket } : { error: 'EPROTOTYPE' }
}
