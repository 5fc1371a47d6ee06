import { exists, type Kernel, peek, READ, type Ref, SEQ_CST, type Thread } from '../../kernel/index.ts'
import { byteLength, lookup, mayOpen } from './file.ts'
import { O_WRONLY } from './flags.ts'
import { resolve } from './path.ts'
import { boundTo, type Socket, type SocketType } from './socket-object.ts'

/** Names of sockets: they are files of the type `sock`, and who may write them may connect and send there. */

/** Bytes in sun_path. */
const SUN_PATH = 108

/** Whether it is an address at all. The empty path would be an abstract name, and those are not modelled. */
export const isAddress = (path: string): boolean => path !== '' && byteLength(path) <= SUN_PATH

/** The socket that is bound to the path. */
export function findSocket(
  kernel: Kernel,
  thread: Thread,
  path: string,
  type: SocketType,
): { readonly socket: Ref<Socket> } | { readonly error: string } {
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
