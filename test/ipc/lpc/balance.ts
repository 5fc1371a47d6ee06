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

interface Queue extends Handled {
  readonly messages: readonly { readonly messageId: number }[]
  readonly semaphore: number
  readonly chain: readonly Id[]
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
  for (const object of Object.values(state.objects) as unknown as Handled[]) {
    if (typeof object.handles !== 'number') continue
    const { id, refs, handles } = object
    if (handles !== (opened.get(id) ?? 0))
      wrong.push(`${id} has ${handles} handles, and ${opened.get(id) ?? 0} lead to it`)
    if (refs < handles) wrong.push(`${id} has ${refs} references, and ${handles} handles`)
    if (refs <= 0) wrong.push(`${id} is there without a reference`)
  }
  const ports = ofKind<Queue>(state, 'lpc port')
  const ids = ports.flatMap(({ messages }) => messages.map(({ messageId }) => messageId))
  if (new Set(ids).size !== ids.length) wrong.push(`a message is queued twice: ${ids.join(' ')}`)
  const chained = ports.flatMap(({ chain }) => chain)
  if (new Set(chained).size !== chained.length) wrong.push(`a thread waits for two replies: ${chained.join(' ')}`)
  for (const thread of chained)
    if (state.threads[thread]?.status !== 'sleeping') wrong.push(`${thread} waits for a reply, and is not asleep`)
  return wrong
}
