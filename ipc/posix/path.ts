import { exists, type Id, type Kernel, READ, SEQ_CST } from '../../kernel/index.ts'
import { byteLength, isTooLong } from './file.ts'

/**
 * Paths: path_resolution(7). There are no directories but these; the working directory of all processes is /tmp. What
 * is open to everybody is sticky: only its owner takes a name away.
 */

const WORKING = '/tmp'
const SHARED_MEMORY = '/dev/shm'
const directories: readonly Id[] = ['/', '/dev', SHARED_MEMORY, WORKING]
const open: readonly Id[] = [SHARED_MEMORY, WORKING]

const PATH_MAX = 4096

/** Where a path leads: to a name in a directory, which need not be in use, or to a directory. */
export type Resolved = { readonly name: Id; readonly directory: Id } | { readonly name: null; readonly directory: Id }

/** Follows a path. A string is the errno. */
export function resolve(kernel: Kernel, path: string): Resolved | string {
  if (path === '') return 'ENOENT'
  if (byteLength(path) >= PATH_MAX) return 'ENAMETOOLONG'
  const steps = path.split('/')
  let directory: Id = path.startsWith('/') ? '/' : WORKING
  for (const [index, step] of steps.entries()) {
    if (isTooLong(step)) return 'ENAMETOOLONG'
    if (step === '' || step === '.') continue
    if (step === '..') {
      directory = directory.slice(0, Math.max(1, directory.lastIndexOf('/')))
      continue
    }
    const name = directory === '/' ? `/${step}` : `${directory}/${step}`
    if (directories.includes(name)) directory = name
    else if (index === steps.length - 1) return { name, directory }
    else return isThere(kernel, name) ? 'ENOTDIR' : 'ENOENT'
  }
  return { name: null, directory }
}

function isThere(kernel: Kernel, name: Id): boolean {
  kernel.footprint.add(name, 0, READ, SEQ_CST)
  return exists(kernel, name)
}

/** Whether a user may make names in the directory. */
export const mayMakeIn = (directory: Id, uid: number): boolean => uid === 0 || open.includes(directory)
