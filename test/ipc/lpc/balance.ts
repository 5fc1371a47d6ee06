import type { Id, KernelState } from 'ipclab/kernel'

/** What must hold of ports, handles and messages in every state, whatever was done. */

interface Table {
  readonly handles: Readonly<Record<string, Id>>
}

interface Handled {
  readonly id: Id
  readonly kind: string
  readonly refs: number
  readonly handles: number
}

interface Port extends Handled {
  readonly messages: readonly { readonly messageId: number }[]
  readonly semaphore: number
  readonly chain: readonly Id[]
  readonly connectionPort: Id | null
  readonly clientThread: Id | null
}

interface Waiting {
  readonly id: Id
  readonly thread: Id
  readonly terminationPorts: readonly Id[]
  readonly connecting: { readonly clientPort: Id | null; readonly section: Id | null } | null
  readonly named: number
}

const ofKind = <T>(state: KernelState, kind: string): T[] =>
  Object.values(state.objects).filter((object) => object.kind === kind) as unknown as T[]

/** Each thing that is not as it should be, in words. */
export function unbalanced(state: KernelState): string[] {
  const wrong: string[] = []
  const opened = new Map<Id, number>()
  for (const { handles } of ofKind<Table>(state, 'nt handles'))
    for (const [handle, id] of Object.entries(handles)) {
      opened.set(id, (opened.get(id) ?? 0) + 1)
      if (state.objects[id] === undefined) wrong.push(`handle ${handle} leads to ${id}, which is gone`)
      if (Number(handle) % 4 !== 0 || Number(handle) <= 0) wrong.push(`${handle} is no handle`)
    }
  const references = counted(state)
  for (const object of Object.values(state.objects) as unknown as Handled[]) {
    if (typeof object.handles !== 'number') continue
    const { id, refs, handles } = object
    if (handles !== (opened.get(id) ?? 0))
      wrong.push(`${id} has ${handles} handles, and ${opened.get(id) ?? 0} lead to it`)
    if (refs <= 0) wrong.push(`${id} is there without a reference`)
    const held = handles + (references.get(id) ?? 0)
    if (refs !== held) wrong.push(`${id} has ${refs} references, and is held ${held} times`)
  }
  const ports = ofKind<Port>(state, 'lpc port')
  for (const { id, messages, semaphore } of ports) {
    const waiting = state.queues[`${id}/receivers`]?.length ?? 0
    if (semaphore < messages.length) wrong.push(`${id} has ${messages.length} messages, and counts ${semaphore}`)
    if (waiting > 0 && semaphore > 0) wrong.push(`${waiting} wait at ${id}, which counts ${semaphore}`)
  }
  for (const { thread, named } of ofKind<Waiting>(state, 'lpc thread')) {
    const by = ports.filter(({ clientThread }) => clientThread === thread).length
    if (by !== named) wrong.push(`${thread} is named by ${by} ports, and counts ${named}`)
  }
  const ids = ports.flatMap(({ messages }) => messages.map(({ messageId }) => messageId))
  if (new Set(ids).size !== ids.length) wrong.push(`a message is queued twice: ${ids.join(' ')}`)
  const chained = ports.flatMap(({ chain }) => chain)
  if (new Set(chained).size !== chained.length) wrong.push(`a thread waits for two replies: ${chained.join(' ')}`)
  for (const thread of chained)
    if (state.threads[thread]?.status !== 'sleeping') wrong.push(`${thread} waits for a reply, and is not asleep`)
  return wrong
}

/** How often ports and sections are held otherwise than by handles: by calls in progress, links, requests and registrations. */
function counted(state: KernelState): ReadonlyMap<Id, number> {
  const references = new Map<Id, number>()
  const count = (id: Id | null): void => void (id !== null && references.set(id, (references.get(id) ?? 0) + 1))
  for (const { call } of Object.values(state.threads)) for (const id of call?.pins ?? []) count(id)
  for (const { id, connectionPort } of ofKind<Port>(state, 'lpc port')) if (connectionPort !== id) count(connectionPort)
  for (const { terminationPorts, connecting } of ofKind<Waiting>(state, 'lpc thread')) {
    for (const id of terminationPorts) count(id)
    count(connecting?.clientPort ?? null)
    count(connecting?.section ?? null)
  }
  return references
}
