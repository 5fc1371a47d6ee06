import {
  type CallError,
  Driver,
  type HandOutcome,
  type Id,
  type KernelState,
  MemoryFault,
  type Report,
  sigactionByHand,
  type Transact,
} from 'ipclab/kernel'
import { type Fields, object } from './fields.ts'
import type { Acting } from './posix-acting.ts'
import { expand, printed } from './posix-notation.ts'
import { localOps, ops } from './posix-ops.ts'
import { type Family, NotModelled, type Recorded, type Session } from './runner.ts'

/** Recordings of a Linux kernel and glibc: test/oracles/posix/README.md. */

/** What a process is given to do. */
export interface Issue {
  readonly p: number
  readonly op: string
  readonly args: Fields
}

interface Step extends Issue {
  readonly expected: Fields
}

export interface Case extends Recorded {
  readonly uids: readonly number[]
  readonly steps: readonly Step[]
}

/** What is played on the model: the steps may grow meanwhile. */
export interface Played {
  readonly uids: readonly number[]
  readonly steps: readonly Issue[]
}

/** Before the clock of the simulated machine begins: `past` has to be a time, too. */
const CLOCK_NS = 1e15

export const posix: Family<Case> = {
  read(line) {
    const { id, family, procs, uids, steps, end } = object(line, 'a case')
    if (typeof id !== 'string' || typeof family !== 'string') throw new Error('has no id or no family')
    if (!Array.isArray(uids) || uids.length !== procs) throw new Error(`${id}: has no uid for each process`)
    if (!Array.isArray(steps)) throw new Error(`${id}: has no steps`)
    return { id, part: family, uids: uids.map(Number), steps: steps.map(readStep), end: object(end, 'the end') }
  },
  begin: (recorded) => new PosixSession(recorded),
}

function readStep(value: unknown, index: number): Step {
  const { p, op, args, out, completed = [] } = object(value, `step ${index}`)
  if (typeof p !== 'number' || typeof op !== 'string') throw new Error(`step ${index} has no p or no op`)
  if (!Array.isArray(completed)) throw new Error(`step ${index}: completed is no list`)
  const others = completed.map((one) => ({ ...object(one, 'one completed'), out: plainly(one.out) }))
  return { p, op, args: object(args, 'args'), expected: { out: plainly(out), completed: others } }
}

/** Results are compared after expanding. */
function plainly(out: unknown): Fields {
  const fields = object(out, 'out')
  return typeof fields.data === 'string' ? { ...fields, data: printed(expand(fields.data)) } : fields
}

export class PosixSession implements Session {
  readonly #driver: Driver
  readonly #steps: readonly Issue[]
  /** What the recording calls processes and slots, and what they are called here. */
  readonly #processes: Acting[] = []

  constructor({ uids, steps }: Played, transact: Transact | null = null) {
    this.#driver = new Driver({ clock: CLOCK_NS, transact })
    this.#steps = steps
    for (const [p, uid] of uids.entries()) this.#add(p, this.#driver.process({ id: `p${p}`, uid }))
    // As the recorder set them up.
    for (const { thread } of this.#processes) {
      this.#driver.perform(thread, sigactionByHand('SIGUSR1', 'handler'))
      this.#driver.perform(thread, sigactionByHand('SIGUSR2', 'handler', true))
      this.#driver.perform(thread, sigactionByHand('SIGPIPE', 'ignore'))
      this.#driver.perform(thread, sigactionByHand('SIGSEGV', 'handler'))
      this.#driver.perform(thread, sigactionByHand('SIGBUS', 'handler'))
    }
  }

  #add(p: number, thread: Id, semaphores: Iterable<[number, number]> = []): void {
    this.#processes[p] = {
      p,
      thread,
      semaphores: new Map(semaphores),
      processes: this.#processes,
      driver: this.#driver,
    }
  }

  get state(): KernelState {
    return this.#driver.state
  }

  /** By number; they are not taken away when they end. */
  get processes(): readonly Acting[] {
    return this.#processes
  }

  perform(at: number): Fields {
    const { p, op, args } = this.#step(at)
    const acting = this.#processes[p]
    if (acting === undefined) throw new Error(`there is no process ${p}`)
    const local = localOps.get(op)
    if (local !== undefined) return { out: local(acting, args), completed: [] }
    const call = ops.get(op)
    if (call === undefined) throw new NotModelled(op)
    const report = this.#driver.perform(acting.thread, call.make(acting, args), at)
    return { out: this.#out(at, report.outcome), completed: this.#completed(report) }
  }

  end(): unknown {
    const blocked = this.#driver.blocked().map(({ thread, issue }) => ({ p: this.#number(thread), step: issue }))
    return { blocked: blocked.sort((a, b) => a.p - b.p) }
  }

  #step(at: number): Issue {
    const step = this.#steps[at]
    if (step === undefined) throw new Error(`there is no step ${at}`)
    return step
  }

  #completed({ completed }: Report): unknown[] {
    return completed
      .map(({ thread, issue, outcome }) => ({ p: this.#number(thread), step: issue, out: this.#out(issue, outcome) }))
      .sort((a, b) => a.p - b.p)
  }

  #out(at: number | null, outcome: HandOutcome | null): Fields {
    if (outcome === null) return { blocks: true }
    if (outcome.how === 'failed') return errorOut(outcome.error)
    if (outcome.how === 'died') {
      const { signal, code } = outcome.exit
      return signal === null ? { exit: code } : { killed: signal }
    }
    if (at === null) throw new Error('a call that returned was issued')
    const { p, op, args } = this.#step(at)
    const acting = this.#processes[p] as Acting // it made the call
    if (op === 'fork') return this.#forked(acting, Number(args.child), Number(outcome.value))
    const extra = ops.get(op)?.tell?.(outcome.value, acting, args)
    return extra ?? { ret: typeof outcome.value === 'number' ? outcome.value : 0 }
  }

  #forked(parent: Acting, child: number, pid: number): Fields {
    const process = this.#driver.processByPid(pid)
    if (process === null) throw new Error(`fork made no process ${pid}`)
    this.#add(child, process.id, parent.semaphores)
    return { ret: child }
  }

  #number(thread: Id): number {
    return this.#processes.findIndex((one) => one?.thread === thread)
  }
}

function errorOut(error: CallError): Fields {
  return error instanceof MemoryFault ? { signal: error.code } : { errno: error.code }
}
