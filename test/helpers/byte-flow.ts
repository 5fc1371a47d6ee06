import type { Pipe } from '../../ipc/posix/pipe.ts'
import type { Socket } from '../../ipc/posix/socket-object.ts'
import { DONE, type Id, type KernelState, type Machine } from '../../kernel/index.ts'

/**
 * What goes into pipes and sockets and what comes out of them, step by step: a write appends what it says that it wrote,
 * a read takes off the front what it returns, and nothing else changes what is there.
 */
export class ByteFlow {
  #before = new Map<Id, Held>()
  #progress = new Map<Id, number>()

  constructor(state: KernelState) {
    this.#note(state)
  }

  /** What is wrong with the last step; `null`: nothing. */
  wrongWith(machine: Machine): string | null {
    const { state } = machine.kernel
    const now = heldBy(state)
    const changed = [...now].filter(([id, { text }]) => this.#before.has(id) && this.#before.get(id)?.text !== text)
    const wrong = this.#wrong(machine, changed)
    this.#note(state)
    return wrong
  }

  #wrong(machine: Machine, changed: [Id, Held][]): string | null {
    const { call, kind, actor, outcome, result } = machine
    const name = kind === 'call' ? (call?.def.name ?? '') : kind
    const taken = takenBy(machine)
    const [first, second] = changed
    if (second?.[1].isPipe) return `${name} changed ${first?.[0]} and ${second[0]}`
    if (first === undefined) {
      const fromNowhere = TAKING.has(name) && taken !== '' && outcome === DONE && !isPeek(machine)
      return fromNowhere && this.#before.size > 0 && !this.#isGone(machine)
        ? `${name} took ${taken.length} from nowhere`
        : null
    }
    const [id, { text, hasBounds }] = first
    const before = this.#before.get(id)?.text ?? ''
    if (TAKING.has(name)) {
      const removed = before.slice(0, before.length - text.length)
      const isRight = taken.endsWith(removed) || (hasBounds && removed.startsWith(taken))
      return isRight && text === before.slice(removed.length) ? null : `${name} took ${taken.length} of ${id} otherwise`
    }
    if (GIVING.has(name)) {
      const data = String(call?.args.data ?? '')
      const from = this.#progress.get(actor?.id ?? '') ?? 0
      const to =
        outcome === DONE ? Number(result) : (machine.kernel.state.threads[actor?.id ?? '']?.call?.progress ?? 0)
      if (text === before + data.slice(from, to)) return null
    }
    return hasBounds && text === '' ? null : `${name} left ${text.length} where ${before.length} were in ${id}`
  }

  /** What it read from is no more: it had the last end, and has ended. */
  #isGone(machine: Machine): boolean {
    const { objects } = machine.kernel.state
    return [...this.#before.keys()].some((id) => objects[id] === undefined)
  }

  #note(state: KernelState): void {
    this.#before = heldBy(state)
    for (const { id, call } of Object.values(state.threads)) this.#progress.set(id, call?.progress ?? 0)
  }
}

const TAKING: ReadonlySet<string> = new Set(['read', 'recv', 'recvfrom', 'recvmsg'])
const GIVING: ReadonlySet<string> = new Set(['write', 'send', 'sendto', 'sendmsg'])
const MSG_PEEK = 2

const isPeek = ({ callArgs }: Machine): boolean => (Number(callArgs?.flags ?? 0) & MSG_PEEK) !== 0

interface Held {
  readonly text: string
  readonly isPipe: boolean
  /** What is not taken of a message goes with it. */
  readonly hasBounds: boolean
}

function heldBy({ objects }: KernelState): Map<Id, Held> {
  const held = new Map<Id, Held>()
  for (const object of Object.values(objects)) {
    if (object.kind === 'pipe') {
      const { slots } = object as Pipe
      const hasBounds = slots.some(({ packet }) => packet)
      held.set(object.id, { text: slots.map(({ data }) => data).join(''), isPipe: true, hasBounds })
    } else if (object.kind === 'socket' && !(object as Socket).dead) {
      const { queue, type } = object as Socket
      held.set(object.id, { text: queue.map(({ data }) => data).join(''), isPipe: false, hasBounds: type !== 1 })
    }
  }
  return held
}

/** What the step's call has taken: returned by now, or kept until there is all that it waits for. */
function takenBy({ result, outcome, actor, kernel }: Machine): string {
  const saved = kernel.state.threads[actor?.id ?? '']?.call?.saved ?? null
  const value: unknown = outcome === DONE ? result : saved
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null && 'data' in value ? String(value.data) : ''
}
