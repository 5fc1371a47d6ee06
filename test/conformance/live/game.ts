import type { KernelState, Transact } from 'ipclab/kernel'
import { O_ACCMODE, SOCK_DGRAM, SOCK_STREAM } from 'ipclab/posix'
import type { Fields } from '../fields.ts'
import { type Issue, PosixSession } from '../posix.ts'

/** A program of recorded operations while it is being made: it is played on the model as it grows. */

/** Steps that were carried out, by whom, as whom: what the recorder plays. */
export interface Program {
  readonly uids: readonly number[]
  readonly steps: readonly Issue[]
}

/** What a step came to, or that it blocks; in the order in which it was told. */
export interface Told extends Issue {
  readonly out: Fields
}

/** What a descriptor leads to. */
export type Kind = 'reader' | 'writer' | 'both ends' | 'stream' | 'dgram' | 'seqpacket' | 'listener' | 'file' | 'queue'

/** An open descriptor; sockets may have a name and a peer. */
export interface Open {
  readonly fd: number
  readonly kind: Kind
  readonly bound: boolean
  readonly connected: boolean
}

/** The numbers of processes go up to here. */
export const PROCS_MAX = 16

const SLOTS = 2 ** 45
const SLOT_BYTES = 2 ** 24

export class Game implements Program {
  readonly uids: readonly number[]
  readonly steps: Issue[] = []
  readonly log: Told[] = []
  readonly #session: PosixSession
  /** Which step a process is in. */
  readonly #busy = new Map<number, number>()
  readonly #dead = new Set<number>()

  constructor(uids: readonly number[], transact: Transact | null = null) {
    this.uids = uids
    this.#session = new PosixSession(this, transact)
  }

  get state(): KernelState {
    return this.#session.state
  }

  /** @returns what the conformance runner compares */
  perform(step: Issue): Fields {
    const at = this.steps.push(step) - 1
    this.#busy.set(step.p, at)
    const told = this.#session.perform(at)
    this.#note(step.p, at, told.out as Fields)
    for (const one of told.completed as Fields[]) {
      this.#note(Number(one.p), one.step === null ? null : Number(one.step), one.out as Fields)
    }
    return told
  }

  #note(p: number, at: number | null, out: Fields): void {
    if (out.blocks !== true) this.#busy.delete(p)
    if ('killed' in out || 'exit' in out) this.#dead.add(p)
    const step = at === null ? undefined : this.steps[at]
    if (step !== undefined) this.log.push({ ...step, out })
  }

  end(): unknown {
    return this.#session.end()
  }

  /** One more than the greatest number of a process. */
  get processes(): number {
    return this.#session.processes.length
  }

  isIdle(p: number): boolean {
    return this.#session.processes[p] !== undefined && !this.#busy.has(p) && !this.#dead.has(p)
  }

  idle(): number[] {
    return [...Array(this.processes).keys()].filter((p) => this.isIdle(p))
  }

  alive(): number[] {
    return [...Array(this.processes).keys()].filter((p) => !this.#dead.has(p))
  }

  /** The calls that processes are in. */
  blocked(): Issue[] {
    return [...this.#busy.values()].flatMap((at) => this.steps[at] ?? [])
  }

  descriptors(p: number): Open[] {
    return Object.entries(this.#process(p).descriptors).map(([fd, open]) => {
      const described = this.state.objects[open] as unknown as Fields // an open file of any kind
      const socket = this.state.objects[String(described.socket)] as unknown as Fields | undefined
      const kind = socket === undefined ? fileKind(described) : socketKind(socket)
      const bound = socket !== undefined && socket.path !== null
      return { fd: Number(fd), kind, bound, connected: socket !== undefined && socket.peer !== null }
    })
  }

  /** The names that sockets of those kinds have now. */
  names(kinds: readonly Kind[]): string[] {
    const sockets = (Object.values(this.state.objects) as unknown as Fields[]).filter(({ kind }) => kind === 'socket')
    const named = sockets.filter((socket) => socket.file !== null && kinds.includes(socketKind(socket)))
    return named.map(({ path }) => String(path))
  }

  /** In which slots something is mapped. */
  mapped(p: number): number[] {
    const slots = this.#process(p).mappings.map(({ start }) => Math.floor((start - SLOTS) / SLOT_BYTES))
    return [...new Set(slots)].filter((slot) => slot >= 0 && slot < 100)
  }

  semaphores(p: number): number[] {
    return [...(this.#session.processes[p]?.semaphores.keys() ?? [])]
  }

  /** What calls of that name have returned. */
  returned(op: string): number[] {
    return this.log.flatMap((told) => (told.op === op && 'ret' in told.out ? Number(told.out.ret) : []))
  }

  #process(p: number): KernelState['processes'][string] {
    const process = this.state.processes[this.#session.processes[p]?.thread ?? '']
    if (process === undefined) throw new Error(`there is no process ${p}`)
    return process
  }
}

const fileKind = ({ kind, flags }: Fields): Kind => {
  if (kind === 'open queue') return 'queue'
  if (kind !== 'open pipe') return 'file'
  return (['reader', 'writer', 'both ends'] as const)[Number(flags) & O_ACCMODE] ?? 'reader'
}

const socketKind = ({ type, state }: Fields): Kind => {
  if (state === 'listening') return 'listener'
  return type === SOCK_STREAM ? 'stream' : type === SOCK_DGRAM ? 'dgram' : 'seqpacket'
}
