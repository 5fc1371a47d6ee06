import type { Id, KernelObject, KernelState } from 'ipclab/kernel'

/** Who refers to what, counted anew from the whole state: to hold reference counts against it. */

/** Fields of an object that hold a reference that is counted. */
const COUNTED: { readonly [kind: string]: readonly string[] } = {
  file: ['memory'],
  name: ['file'],
  'open file': ['file'],
  'open pipe': ['file', 'pipe'],
  'open socket': ['file', 'socket'],
  'open queue': ['file'],
  socket: ['peer', 'file', 'connections', 'queue'],
}

const KINDS: ReadonlySet<string> = new Set([
  ...['file', 'message queue', 'open file', 'open pipe', 'open socket', 'open queue', 'pipe', 'socket'],
  ...['memory', 'shm segment'],
])

/** What is wrong with the counts of files, queues, open files, pipes, sockets, and memory with its pages; empty: nothing. */
export function wrongCounts({ objects, processes, threads, frames }: KernelState): string[] {
  const counts = new Map<Id, number>()
  const wrong: string[] = []
  const refer = (id: Id, from: string): void => {
    counts.set(id, (counts.get(id) ?? 0) + 1)
    if (objects[id] === undefined) wrong.push(`${from} refers to ${id}, which is no more`)
  }
  const pages = new Map<Id, number>()
  const shows = (table: Readonly<Record<string, Id>>): void => {
    for (const frame of Object.values(table)) pages.set(frame, (pages.get(frame) ?? 0) + 1)
  }
  for (const { id, descriptors, mappings } of Object.values(processes)) {
    for (const ref of Object.values(descriptors)) refer(ref, id)
    for (const { object, copied } of mappings) {
      refer(object, `a mapping of ${id}`)
      shows(copied)
    }
  }
  for (const { id, call, interrupted } of Object.values(threads))
    for (const one of [call, ...interrupted.map(({ call }) => call)]) for (const ref of one?.pins ?? []) refer(ref, id)
  for (const object of Object.values(objects))
    for (const field of COUNTED[object.kind] ?? []) {
      const value = (object as unknown as Record<string, unknown>)[field] // a field of its kind
      for (const ref of [value].flat()) referAll(ref, object, refer)
    }
  for (const object of Object.values(objects)) {
    if (!KINDS.has(object.kind)) continue
    const { refs, pages: own, removed } = object as Counted
    if (own !== undefined) shows(own)
    if (removed === false) refer(object.id, 'its id')
    const counted = counts.get(object.id) ?? 0
    if (refs !== counted || counted === 0)
      wrong.push(`${object.kind} ${object.id} has ${refs} references and counts ${counted}`)
  }
  for (const [id, { refs }] of Object.entries(frames))
    if (refs !== pages.get(id)) wrong.push(`page ${id} has ${refs} references and counts ${pages.get(id) ?? 0}`)
  for (const id of pages.keys()) if (frames[id] === undefined) wrong.push(`page ${id} is shown and is no more`)
  return wrong
}

/** An object of those kinds; memory has pages, and a System V segment, until it is removed, holds itself. */
interface Counted extends KernelObject {
  readonly refs: number
  readonly pages?: Readonly<Record<string, Id>>
  readonly removed?: boolean
}

/** A reference; or a message, which refers to its sender and to the files that come with it. */
function referAll(value: unknown, { id, kind }: KernelObject, refer: (id: Id, from: string) => void): void {
  if (typeof value === 'string') return refer(value, `${kind} ${id}`)
  if (value === null || value === undefined) return
  const { from, files } = value as { from: Id; files: readonly Id[] } // what a socket's queue holds
  for (const ref of [from, ...files]) refer(ref, `a message at ${id}`)
}
