import type { Call, Kernel, Thread } from '../../kernel/index.ts'
import { signed, unsigned } from './args.ts'
import { answerOf, OK, taskCall } from './calls.ts'
import {
  MACH_PORT_RIGHT_DEAD_NAME,
  MACH_PORT_RIGHT_NUMBER,
  MACH_PORT_RIGHT_PORT_SET,
  MACH_PORT_RIGHT_RECEIVE,
  MACH_PORT_TYPE_DEAD_NAME,
  MACH_PORT_TYPE_PORT_SET,
  MACH_PORT_TYPE_RECEIVE,
} from './constants.ts'
import { createPort } from './port.ts'
import { createSet } from './port-set.ts'
import { changeRefs, countRefs, deallocate, destroyName, rename, shownType } from './right.ts'
import {
  add,
  allNames,
  type Entry,
  freshName,
  isName,
  isUsed,
  look,
  rememberPort,
  type SpaceRef,
  settle,
} from './space.ts'

/** Names and what they denote: Mach 3 Kernel Interfaces, port and name space calls. */

/** Puts a new right under a name. Only these three come from nothing. */
function allocate(kernel: Kernel, thread: Thread, space: SpaceRef, name: number, right: number): boolean {
  let entry: Entry
  if (right === MACH_PORT_RIGHT_RECEIVE) {
    const object = createPort(kernel, thread, space, name)
    entry = { type: MACH_PORT_TYPE_RECEIVE, refs: 0, object, request: 0 }
  } else if (right === MACH_PORT_RIGHT_PORT_SET) {
    const object = createSet(kernel, thread, space, name)
    entry = { type: MACH_PORT_TYPE_PORT_SET, refs: 0, object, request: 0 }
  } else if (right === MACH_PORT_RIGHT_DEAD_NAME) {
    entry = { type: MACH_PORT_TYPE_DEAD_NAME, refs: 1, object: null, request: 0 }
  } else {
    return false
  }
  add(kernel, space, name, entry)
  if (right === MACH_PORT_RIGHT_RECEIVE && entry.object !== null) rememberPort(kernel, space, name, entry.object)
  return true
}

const allocateCall = taskCall<{ task: number; right: number }, number>(
  'mach_port_allocate',
  (kernel, space, { right }, thread) => {
    const name = freshName(kernel, space)
    return allocate(kernel, thread, space, name, right) ? { value: name } : { failed: 'KERN_INVALID_VALUE' }
  },
)

/**
 * Makes a port, a port set, or a dead name, and returns the name for it.
 * @param right MACH_PORT_RIGHT_RECEIVE, _PORT_SET or _DEAD_NAME
 * @throws MachError KERN_INVALID_VALUE (another right)
 */
export const mach_port_allocate = (task: number, right: number): Call<number> =>
  allocateCall({ task: unsigned(task), right: unsigned(right) })

const allocateNameCall = taskCall<{ task: number; right: number; name: number }, void>(
  'mach_port_allocate_name',
  (kernel, space, { right, name }, thread) => {
    if (!isName(name) || right >= MACH_PORT_RIGHT_NUMBER) return { failed: 'KERN_INVALID_VALUE' }
    if (![MACH_PORT_RIGHT_RECEIVE, MACH_PORT_RIGHT_PORT_SET, MACH_PORT_RIGHT_DEAD_NAME].includes(right))
      return { failed: 'KERN_INVALID_VALUE' }
    if (isUsed(kernel, space, name)) return { failed: 'KERN_NAME_EXISTS' }
    allocate(kernel, thread, space, name, right)
    return OK
  },
)

/**
 * The same under a name of the caller's choice.
 * @throws MachError KERN_INVALID_VALUE (another right, or no name), KERN_NAME_EXISTS
 */
export const mach_port_allocate_name = (task: number, right: number, name: number): Call<void> =>
  allocateNameCall({ task: unsigned(task), right: unsigned(right), name: unsigned(name) })

interface NameArgs {
  readonly [name: string]: number
  readonly task: number
  readonly name: number
}

const deallocateCall = taskCall<NameArgs, void>('mach_port_deallocate', (kernel, space, { name }) =>
  answerOf(deallocate(kernel, space, name)),
)

/**
 * One reference less to a send right, a send-once right or a dead name; with the last one the name goes.
 * @throws MachError KERN_INVALID_NAME, KERN_INVALID_RIGHT
 */
export const mach_port_deallocate = (task: number, name: number): Call<void> =>
  deallocateCall({ task: unsigned(task), name: unsigned(name) })

const destroyCall = taskCall<NameArgs, void>('mach_port_destroy', (kernel, space, { name }) => {
  if (!isUsed(kernel, space, name)) return { failed: 'KERN_INVALID_NAME' }
  destroyName(kernel, space, name)
  return OK
})

/** Gives up all rights that the name denotes. @throws MachError KERN_INVALID_NAME */
export const mach_port_destroy = (task: number, name: number): Call<void> =>
  destroyCall({ task: unsigned(task), name: unsigned(name) })

const modRefsCall = taskCall<NameArgs, void>('mach_port_mod_refs', (kernel, space, { name, right = 0, delta = 0 }) => {
  if (right >= MACH_PORT_RIGHT_NUMBER) return { failed: 'KERN_INVALID_VALUE' }
  return answerOf(changeRefs(kernel, space, name, right, delta))
})

/**
 * So many references more, or fewer, to the right of that kind. Of receive rights, sets and send-once rights there is
 * one, which -1 gives up: the port, or set, is destroyed.
 * @throws MachError KERN_INVALID_NAME, KERN_INVALID_RIGHT, KERN_INVALID_VALUE, KERN_UREFS_OVERFLOW
 */
export const mach_port_mod_refs = (task: number, name: number, right: number, delta: number): Call<void> =>
  modRefsCall({ task: unsigned(task), name: unsigned(name), right: unsigned(right), delta: signed(delta) })

const getRefsCall = taskCall<NameArgs, number>('mach_port_get_refs', (kernel, space, { name, right = 0 }) => {
  if (right >= MACH_PORT_RIGHT_NUMBER) return { failed: 'KERN_INVALID_VALUE' }
  const entry = settle(kernel, space, name)
  return entry === null ? { failed: 'KERN_INVALID_NAME' } : { value: countRefs(entry, right) }
})

/** How many references to rights of that kind the name has. @throws MachError KERN_INVALID_NAME, KERN_INVALID_VALUE */
export const mach_port_get_refs = (task: number, name: number, right: number): Call<number> =>
  getRefsCall({ task: unsigned(task), name: unsigned(name), right: unsigned(right) })

const typeCall = taskCall<NameArgs, number>('mach_port_type', (kernel, space, { name }) => {
  const entry = settle(kernel, space, name)
  return entry === null ? { failed: 'KERN_INVALID_NAME' } : { value: shownType(entry) }
})

/** What the name denotes: MACH_PORT_TYPE_SEND and so on, or'ed. @throws MachError KERN_INVALID_NAME */
export const mach_port_type = (task: number, name: number): Call<number> =>
  typeCall({ task: unsigned(task), name: unsigned(name) })

/** A name, and what it denotes. */
export interface NameAndType {
  readonly name: number
  readonly type: number
}

const namesCall = taskCall<{ task: number }, NameAndType[]>('mach_port_names', (kernel, space) => ({
  value: allNames(kernel, space).map((name) => {
    const entry = look(kernel, space, name) as Entry // one of all names
    return { name, type: shownType(entry) }
  }),
}))

/** Every name that the task has, and what each denotes. */
export const mach_port_names = (task: number): Call<NameAndType[]> => namesCall({ task: unsigned(task) })

const renameCall = taskCall<NameArgs, void>('mach_port_rename', (kernel, space, { name, new_name = 0 }) =>
  isName(new_name) ? answerOf(rename(kernel, space, name, new_name)) : { failed: 'KERN_INVALID_VALUE' },
)

/**
 * Gives what a name denotes another name.
 * @throws MachError KERN_INVALID_VALUE (the new name is none), KERN_NAME_EXISTS, KERN_INVALID_NAME
 */
export const mach_port_rename = (task: number, name: number, new_name: number): Call<void> =>
  renameCall({ task: unsigned(task), name: unsigned(name), new_name: unsigned(new_name) })
