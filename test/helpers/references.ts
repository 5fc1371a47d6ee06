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

const referrers = ['file', 'open file', 'open pipe', 'open socket', 'pipe', 'socket']

/** What is wrong with the counts of files, open files, pipes and sockets; empty: nothing. */
export function wrongCounts({ objects, processes, threads }: KernelState): string[] {
  const counts = new Map<Id, number>()
  const wrong: string[] = []
  const refer = (id: Id, from: string): void => {
    counts.set(id, (counts.get(id) ?? 0) + 1)
    if (objects[id] === undefined) wrong.push(`${from} refers to ${id}, which is no more`)
  }
  for (const { id, descriptors } of Object.values(processes))
    for (const ref of Object.values(descriptors)) refer(ref, id)
  for (const { id, call, interrupted } of Object.values(threads))
    for (const one of [call, ...interrupted.map(({ call }) => call)]) for (const ref of one?.pins ?? []) refer(ref, id)
  for (const object of Object.values(objects))
    for (const field of COUNTED[object.kind] ?? []) {
      const value = (object as unknown as Record<string, unknown>)[field] // a field of its kind
      for (const ref of [value].flat()) referAll(ref, object, refer)
    }
  for (const object of Object.values(objects)) {
    if (!referrers.includes(object.kind)) continue
    const { refs } = object as KernelObject & { refs: number } // those are counted
    const counted = counts.get(object.id) ?? 0
    if (refs !== counted || counted === 0)
      wrong.push(`${object.kind} ${object.id} has ${refs} references and counts ${counted}`)
  }
  return wrong
}

/** A reference; or a message, which refers to its sender and to the files that come with it. */
function referAll(value: unknown, { id, kind }: KernelObject, refer: (id: Id, from: string) => void): void {
  if (typeof value === 'string') return refer(value, `${kind} ${id}`)
  if (value === null || value === undefined) return
  const { from, files } = value as { from: Id; files: readonly Id[] } // what a socket's queue holds
  for (const ref of [from, ...files]) refer(ref, `a message at ${id}`)
}
