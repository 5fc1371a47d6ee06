import { type Id, type KernelState, PIDS, type Process, type Thread } from '../kernel/index.ts'
import type { Patch } from './history.ts'
import { callLabel, isMemory, objectLabel, queueLabel, wordLabel } from './labels.ts'
import { describeValue } from './words.ts'

/** What a step changed, in sentences: whatever the patches touched, as it was and as it is. */
export function changesOf(before: KernelState, after: KernelState, patches: readonly Patch[]): string[] {
  const touched = { processes: new Set<Id>(), threads: new Set<Id>(), objects: new Set<Id>() }
  const frames = new Map<Id, Set<number>>()
  for (const { path } of patches) {
    const [table, id, , index] = path
    if (typeof id !== 'string') continue
    if (table === 'processes' || table === 'threads' || table === 'objects') touched[table].add(id)
    if (table === 'frames') noteWords(frames, id, index, after)
  }
  const said: string[] = []
  if (before.clock !== after.clock) said.push(`time goes on from ${before.clock} to ${after.clock} ns`)
  for (const id of touched.threads) said.push(...threadChanges(before, after, id))
  for (const id of touched.processes) said.push(...processChanges(before, after, id))
  for (const [frame, words] of frames) said.push(...wordChanges(before, after, frame, words))
  for (const id of touched.objects) said.push(...objectChanges(before, after, id))
  return said
}

function noteWords(frames: Map<Id, Set<number>>, id: Id, index: unknown, after: KernelState): void {
  const words = frames.get(id) ?? new Set()
  frames.set(id, words)
  if (typeof index === 'number') words.add(index)
  else for (let word = 0; word < (after.frames[id]?.words.length ?? 0); word++) words.add(word)
}

function threadChanges(before: KernelState, after: KernelState, id: Id): string[] {
  const was = before.threads[id]
  const is = after.threads[id]
  if (is === undefined) return was === undefined ? [] : [`thread ${id} is gone`]
  const said: string[] = []
  if (was === undefined) said.push(`thread ${id} begins`)
  if (is.status === 'exited') return was?.status === 'exited' ? said : [...said, `thread ${id} ends`]
  const call = callLabel(is, after)
  if (is.status === 'sleeping') {
    if (was?.status !== 'sleeping') said.push(`${id} falls asleep in ${call}${onQueue(is, after)}`)
    else if (was.queue !== is.queue) said.push(`${id} waits now${onQueue(is, after)}`)
  } else {
    if (was?.status === 'sleeping') said.push(`${id} wakes`)
    if (is.call !== null && call !== (was === undefined ? '' : callLabel(was, before)))
      said.push(`${id} comes to ${call}`)
    else if (is.call !== null && is.call.stage > (was?.call?.stage ?? 0))
      said.push(`${id} is in stage ${is.call.stage} of ${call}`)
  }
  for (const signal of is.pending.slice(was?.pending.length ?? 0)) said.push(`${signal} is pending for ${id}`)
  if (is.timer !== 0 && is.timer !== was?.timer) said.push(`${id} has a timer${untilOf(is, after)}`)
  return said
}

const onQueue = ({ queue }: Thread, state: KernelState): string =>
  queue === null ? '' : ` on ${queueLabel(queue, state)}`

function untilOf({ timer }: Thread, state: KernelState): string {
  const at = state.timers.find(({ number }) => number === timer)?.at
  return at === undefined ? '' : ` until ${at} ns`
}

function processChanges(before: KernelState, after: KernelState, id: Id): string[] {
  const was = before.processes[id]
  const is = after.processes[id]
  if (is === undefined) return []
  if (was === undefined) return [`process ${id} begins (pid ${is.pid})`]
  const said: string[] = []
  if (is.status !== was.status) said.push(`process ${id} is ${is.status === 'reaped' ? 'gone' : `a ${is.status}`}`)
  said.push(...descriptorChanges(before, after, was, is))
  if (is.mappings.length > was.mappings.length) said.push(`${id} has mapped memory`)
  if (is.mappings.length < was.mappings.length) said.push(`${id} has unmapped memory`)
  for (const field of ['uid', 'gid', 'umask'] as const) {
    if (is[field] !== was[field]) said.push(`${id}: ${field} ${was[field]} → ${is[field]}`)
  }
  for (const [signal, disposition] of Object.entries(is.dispositions)) {
    const old = was.dispositions[signal as keyof typeof was.dispositions]
    if (old?.how !== disposition.how || old.handler !== disposition.handler)
      said.push(`${id}: ${signal} is ${disposition.how === 'ignore' ? 'ignored' : 'handled'} now`)
  }
  return said
}

function descriptorChanges(before: KernelState, after: KernelState, was: Process, is: Process): string[] {
  const said: string[] = []
  for (const key of new Set([...Object.keys(was.descriptors), ...Object.keys(is.descriptors)])) {
    const fd = Number(key)
    const [old, now] = [was.descriptors[fd], is.descriptors[fd]]
    if (old === now) continue
    if (old !== undefined) said.push(`${is.id} closes descriptor ${fd} (${objectLabel(old, before)})`)
    if (now !== undefined) said.push(`${is.id} opens descriptor ${fd} (${objectLabel(now, after)})`)
  }
  return said
}

function wordChanges(before: KernelState, after: KernelState, frame: Id, words: ReadonlySet<number>): string[] {
  if (after.frames[frame] === undefined) return []
  const said: string[] = []
  for (const word of words) {
    const was = before.frames[frame]?.words[word] ?? 0
    const is = after.frames[frame].words[word] ?? 0
    if (was !== is) said.push(`${wordLabel(frame, word, after)}: ${was} → ${is}`)
  }
  return said
}

/** An object of any kind: its fields as they were and are. Who refers to it, and who has which number, is told elsewhere. */
function objectChanges(before: KernelState, after: KernelState, id: Id): string[] {
  const was = before.objects[id] as Record<string, unknown> | undefined
  const is = after.objects[id] as Record<string, unknown> | undefined
  if (is === undefined) return was === undefined ? [] : [`${objectLabel(id, before)} is gone`]
  if (was === undefined) return [`${objectLabel(id, after)} is made`]
  if (id === PIDS) return []
  const said: string[] = []
  for (const field of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (was[field] === is[field] || field === 'refs' || (field === 'pages' && isMemory(after.objects[id]))) continue
    for (const change of valueChanges(field, was[field], is[field])) said.push(`${objectLabel(id, after)}: ${change}`)
  }
  return said
}

const KEYS_MAX = 4

function valueChanges(name: string, was: unknown, is: unknown): string[] {
  if (Array.isArray(was) && Array.isArray(is)) return listChanges(name, was, is)
  if (!isRecord(was) || !isRecord(is)) return [`${name} ${describeValue(was ?? null)} → ${describeValue(is ?? null)}`]
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((key) => was[key] !== is[key])
  const said = keys.slice(0, KEYS_MAX).map((key) => {
    if (was[key] === undefined) return `${name} has ${key} ${describeValue(is[key])} now`
    if (is[key] === undefined) return `${name} has no ${key} any more`
    return `${name}.${key} ${describeValue(was[key])} → ${describeValue(is[key])}`
  })
  return keys.length > KEYS_MAX ? [...said, `${name}: ${keys.length - KEYS_MAX} further changes`] : said
}

function listChanges(name: string, was: readonly unknown[], is: readonly unknown[]): string[] {
  if (was.length === is.length) return [`${name} ${describeValue(was)} → ${describeValue(is)}`]
  const added = is.length === was.length + 1 && was.every((item, at) => item === is[at])
  const what = added ? `, ${describeValue(is.at(-1))} comes last` : ''
  return [`${name} ${was.length} → ${is.length} entries${what}`]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
