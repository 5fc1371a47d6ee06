import {
  exists,
  type Id,
  install,
  type Kernel,
  type KernelObject,
  madeOnce,
  peek,
  READ,
  type Ref,
  reads,
  SEQ_CST,
  WHOLE,
  writes,
} from '../../kernel/index.ts'
import { MACH_PORT_DEAD, MACH_PORT_NULL, MACH_PORT_TYPE_DEAD_NAME } from './constants.ts'
import { isAlive, isSendable } from './port.ts'

/**
 * A task's name space: small numbers, and what each denotes. All rights that a task has for one port are under one name,
 * but send-once rights, of which each has a name of its own. The kernel gives out no number twice.
 */

export interface Entry {
  /** MACH_PORT_TYPE_SEND, _RECEIVE (or both), _SEND_ONCE, _PORT_SET or _DEAD_NAME. */
  type: number
  /** User references: of a send right or a dead name. */
  refs: number
  /** The port or set; `null` for a dead name. */
  object: Id | null
  /** The slot of its dead-name request in the port's table; 0 for none. */
  request: number
}

export interface Space extends KernelObject {
  readonly kind: 'mach space'
  readonly entries: Record<number, Entry>
  /** Of ports for which there are send or receive rights: the name. */
  readonly names: Record<Id, number>
  /** The name that the kernel gives out next. */
  next: number
}

export type SpaceRef = Ref<Space>

/** What is written when a name comes or goes; each name is a part of its own besides. */
const TABLE = 1
const part = (name: number): number => name + 2

/** The space of a process, whether it is there yet or not. */
export const spaceOf: (process: Id) => SpaceRef = madeOnce<Space>((process) => `mach-space:${process}`)

/** The process whose space it is. */
export const ownerOf = (space: SpaceRef): Id => space.slice('mach-space:'.length)

/** A task has an empty space from the start; it is put in when the first name comes. */
export function openSpace(kernel: Kernel, space: SpaceRef): void {
  if (exists(kernel, space)) return
  install<Space>(kernel, { id: space, kind: 'mach space', entries: {}, names: {}, next: 1 })
}

export const isName = (name: number): boolean => name !== MACH_PORT_NULL && name !== MACH_PORT_DEAD

/** The entry as it was left: that a port has died is not seen in it. */
export function find(kernel: Kernel, space: SpaceRef, name: number): Readonly<Entry> | undefined {
  kernel.footprint.add(space, 0, READ, SEQ_CST)
  if (!exists(kernel, space)) return undefined
  return reads(kernel, space, part(name)).entries[name]
}

/**
 * What the name denotes; `null` for nothing. A port's death is seen here: send rights have become as many dead-name
 * references, and one more where a dead-name notification was pending. It is noted in the entry only by `settle`, and
 * until then some calls take the right for what it was.
 */
export function look(kernel: Kernel, space: SpaceRef, name: number): Readonly<Entry> | null {
  const entry = find(kernel, space, name)
  if (entry === undefined) return null
  if (entry.object === null || !isSendable(entry.type) || isAlive(kernel, entry.object)) return entry
  return { type: MACH_PORT_TYPE_DEAD_NAME, refs: entry.refs + (entry.request === 0 ? 0 : 1), object: null, request: 0 }
}

/** Whether the name denotes something. */
export const isUsed = (kernel: Kernel, space: SpaceRef, name: number): boolean =>
  find(kernel, space, name) !== undefined

/** The same, and a death that is seen is noted. */
export function settle(kernel: Kernel, space: SpaceRef, name: number): Readonly<Entry> | null {
  const now = look(kernel, space, name)
  return now === null || now === find(kernel, space, name) ? now : change(kernel, space, name)
}

/** The entry of a name that denotes something, settled, to be changed. */
export function change(kernel: Kernel, space: SpaceRef, name: number): Entry {
  const now = look(kernel, space, name)
  const { entries } = writes(kernel, space, part(name))
  const entry = entries[name] as Entry // the caller has seen it
  if (now !== null && entry.type !== now.type) {
    forgetPort(kernel, space, name)
    Object.assign(entry, now)
  }
  return entry
}

/** The next name, which is given out by adding it. */
export function freshName(kernel: Kernel, space: SpaceRef): number {
  openSpace(kernel, space)
  return reads(kernel, space, TABLE).next
}

export function add(kernel: Kernel, space: SpaceRef, name: number, entry: Entry): void {
  openSpace(kernel, space)
  const table = writes(kernel, space, TABLE)
  writes(kernel, space, part(name)).entries[name] = entry
  while (table.entries[table.next] !== undefined) table.next += 1
}

export function remove(kernel: Kernel, space: SpaceRef, name: number): void {
  forgetPort(kernel, space, name)
  delete writes(kernel, space, part(name)).entries[name]
}

/** From now on the name is that of all rights for the port. */
export function rememberPort(kernel: Kernel, space: SpaceRef, name: number, port: Id): void {
  writes(kernel, space, TABLE).names[port] = name
}

/** The name is no more that of all rights for its port. */
export function forgetPort(kernel: Kernel, space: SpaceRef, name: number): void {
  const { entries, names } = writes(kernel, space, TABLE)
  const object = entries[name]?.object ?? null
  if (object !== null && names[object] === name) delete names[object]
}

/** The name under which the space has send or receive rights for a live port; `null` when it has none. */
export function nameFor(kernel: Kernel, space: SpaceRef, port: Id): number | null {
  kernel.footprint.add(space, 0, READ, SEQ_CST)
  if (!exists(kernel, space)) return null
  return reads(kernel, space, TABLE).names[port] ?? null
}

/** Every name there is, in order. */
export function allNames(kernel: Kernel, space: SpaceRef): number[] {
  kernel.footprint.add(space, WHOLE, READ, SEQ_CST)
  return exists(kernel, space) ? Object.keys(peek(kernel, space).entries).map(Number) : []
}
