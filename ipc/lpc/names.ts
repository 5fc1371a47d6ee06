import {
  type Args,
  type Call,
  call,
  create,
  defineCall,
  destroy,
  done,
  exists,
  fail,
  install,
  type Kernel,
  type KernelObject,
  peek,
  READ,
  type Ref,
  reads,
  release,
  retain,
  SEQ_CST,
} from '../../kernel/index.ts'
import { defineHandledKind, type Handle, type Handled, insertHandle } from './handles.ts'
import { type NtStatus, ntError } from './status.ts'

/**
 * The object manager's name space: `\Directory\Name`. Upper and lower case are told apart. A name goes when the last
 * handle on its object does.
 */

/** A name in use. */
interface ObjectName extends KernelObject {
  readonly kind: 'nt name'
  readonly object: Ref<Handled>
}

interface Directory extends Handled {
  readonly kind: 'nt directory'
  readonly path: string
}

/** Directories that are there from the beginning. */
const SYSTEM_DIRECTORIES: ReadonlySet<string> = new Set(['', '\\BaseNamedObjects', '\\RPC Control', '\\Windows'])

const nameId = (path: string): Ref<ObjectName> => `nt-name:${path}`

/** What is wrong with the path itself, or with the directories that lead to the name; `null`: nothing. */
function pathError(kernel: Kernel, path: string): NtStatus | null {
  if (path === '') return 'STATUS_OBJECT_NAME_INVALID'
  if (!path.startsWith('\\')) return 'STATUS_OBJECT_PATH_SYNTAX_BAD'
  if (path === '\\') return null
  const components = path.slice(1).split('\\')
  if (components.includes('')) return 'STATUS_OBJECT_NAME_INVALID'
  let directory = ''
  for (const component of components.slice(0, -1)) {
    directory += `\\${component}`
    if (!isDirectory(kernel, directory)) return 'STATUS_OBJECT_PATH_NOT_FOUND'
  }
  return null
}

function isDirectory(kernel: Kernel, path: string): boolean {
  if (SYSTEM_DIRECTORIES.has(path)) return true
  const object = objectAt(kernel, path)
  return object !== null && peek(kernel, object).kind === 'nt directory'
}

/** The object of that name, without the directories being asked. */
function objectAt(kernel: Kernel, path: string): Ref<Handled> | null {
  const id = nameId(path)
  if (exists(kernel, id)) return reads(kernel, id).object
  kernel.footprint.add(id, 0, READ, SEQ_CST)
  return null
}

/** The object of that name. */
export function lookUp<T extends Handled>(kernel: Kernel, path: string, kind: T['kind']): Ref<T> | NtStatus {
  const error = pathError(kernel, path)
  if (error !== null) return error
  if (path === '\\' || SYSTEM_DIRECTORIES.has(path)) return 'STATUS_OBJECT_TYPE_MISMATCH'
  const object = objectAt(kernel, path)
  if (object === null) return 'STATUS_OBJECT_NAME_NOT_FOUND'
  return peek(kernel, object).kind === kind ? (object as Ref<T>) : 'STATUS_OBJECT_TYPE_MISMATCH' // the kind says so
}

/** Why the name can't be given; `null`: it can. */
export function nameError(kernel: Kernel, path: string): NtStatus | null {
  const error = pathError(kernel, path)
  if (error !== null) return error
  const taken = path === '\\' || SYSTEM_DIRECTORIES.has(path) || objectAt(kernel, path) !== null
  return taken ? 'STATUS_OBJECT_NAME_COLLISION' : null
}

/** Gives an object its name, which can be given. */
export function giveName(kernel: Kernel, path: string, object: Ref<Handled>): void {
  install<ObjectName>(kernel, { id: nameId(path), kind: 'nt name', object })
}

/** The name leads nowhere any more. */
export function dropName(kernel: Kernel, path: string): void {
  destroy(kernel, nameId(path))
}

defineHandledKind('nt directory', {
  closed: (kernel, ref) => dropName(kernel, peek(kernel, ref as Ref<Directory>).path), // only called for directories
})

interface NameArgs extends Args {
  readonly name: string
}

const createDirectoryDef = defineCall<NameArgs, Handle>({
  name: 'NtCreateDirectoryObject',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { name }) {
        const error = nameError(kernel, name)
        if (error !== null) return fail(kernel, error)
        const directory = create<Directory>(kernel, thread, (id) => ({
          id,
          kind: 'nt directory',
          refs: 0,
          handles: 0,
          path: name,
        }))
        retain(kernel, directory)
        giveName(kernel, name, directory)
        const handle = insertHandle(kernel, thread.process, directory)
        release(kernel, directory)
        return done(kernel, handle)
      },
    },
  ],
})

/**
 * Makes a directory of the name space; returns a handle on it. It is found as long as there is a handle; what is in it
 * keeps its name. `\`, `\BaseNamedObjects`, `\RPC Control` and `\Windows` are there from the beginning.
 * @throws NtError STATUS_OBJECT_NAME_COLLISION, _NAME_INVALID, _PATH_NOT_FOUND, _PATH_SYNTAX_BAD
 */
export const NtCreateDirectoryObject = (name: string): Call<Handle> =>
  call(createDirectoryDef, { name: nameGiven(name) })

/** What is no string is no name. */
export const nameGiven = (value: unknown): string => (typeof value === 'string' ? value : '')
