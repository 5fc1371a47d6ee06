import {
  type Completion,
  Driver,
  type HandOutcome,
  type Id,
  type Process,
  type Report,
  threadNumber,
  threadOf,
} from 'ipclab/kernel'
import { type Fields, list, object } from './fields.ts'
import { Labels, told } from './lpc-notation.ts'
import { type Acting, local, type Names, ops } from './lpc-ops.ts'
import { type Family, NotModelled, type Recorded, type Session } from './runner.ts'

/** Recordings of ReactOS's LPC: test/oracles/lpc/README.md. */

interface Step {
  /** `null`: nobody, as the clock goes on by itself. */
  readonly t: number | null
  readonly op: string
  readonly args: Fields
  readonly expected: Fields
}

interface Case extends Recorded {
  /** Of each thread, the index of its process. */
  readonly threads: readonly number[]
  readonly uids: readonly number[]
  readonly steps: readonly Step[]
}

const NS_PER_MS = 1e6

export const lpc: Family<Case> = {
  read(line) {
    const { id, kind, threads, processes, steps } = object(line, 'a case')
    if (typeof id !== 'string' || typeof kind !== 'string') throw new Error('has no id or no kind')
    const of = list(threads, `${id}: threads`).map((one) => Number(object(one, 'a thread').process))
    const uids = processes === undefined ? [0, 1, 2] : list(processes, 'processes').map(uidOf)
    return { id, part: kind, threads: of, uids, steps: list(steps, `${id}: steps`).map(readStep), end: null }
  },
  begin: (recorded) => new LpcSession(recorded),
}

function readStep(value: unknown, index: number): Step {
  const { t, op, args, out, completed = [] } = object(value, `step ${index}`)
  if ((typeof t !== 'number' && t !== null) || typeof op !== 'string')
    throw new Error(`step ${index} has no t or no op`)
  return { t, op, args: object(args, 'args'), expected: { out: object(out, 'out'), completed } }
}

/** Users are numbers here: 0 is the local system, n the account S-1-5-21-n. */
function uidOf(process: unknown): number {
  const { sid } = object(process, 'a process')
  const account = /^S-1-5-21-(\d+)$/.exec(String(sid))?.[1]
  if (sid !== 'S-1-5-18' && account === undefined) throw new Error(`no user has the SID ${String(sid)}`)
  return Number(account ?? 0)
}

class LpcSession implements Session {
  readonly #driver = new Driver()
  readonly #steps: readonly Step[]
  readonly #threads: readonly Id[]
  readonly #acting: readonly Acting[]
  readonly #labels: Labels

  constructor({ threads, uids, steps }: Case) {
    const driver = this.#driver
    this.#steps = steps
    const processes: Id[] = []
    this.#threads = threads.map((process, t) => {
      const known = processes[process]
      if (known !== undefined) return driver.thread(known, `t${t}`)
      const id = driver.process({ id: `p${process}`, uid: uids[process] ?? 1000 + process })
      processes[process] = id
      return id
    })
    const names: Names[] = processes.map(() => ({ handles: new Map(), contexts: new Map(), buffers: new Map() }))
    const common = {
      names,
      messages: new Map(),
      views: new Map(),
      pid: (p: number) => this.#process(processes[p])?.pid ?? 0,
    }
    this.#acting = this.#threads.map((thread, t) => {
      const process = threads[t] ?? 0
      return { ...common, process, own: names[process] as Names, perform: (call) => driver.perform(thread, call) } // one for each
    })
    this.#labels = new Labels(
      this.#threads.map((id) => threadNumber(driver.machine.kernel, threadOf(driver.machine.kernel, id))),
      processes.map((id) => this.#process(id)?.pid ?? 0),
    )
  }

  #process(id: Id | undefined): Process | undefined {
    return id === undefined ? undefined : this.#driver.state.processes[id]
  }

  perform(at: number): unknown {
    const { t, op, args } = this.#step(at)
    if (t === null) return this.#tell({ status: 'STATUS_SUCCESS' }, this.#advanceClock(Number(args.ms)))
    const acting = this.#acting[t]
    const thread = this.#threads[t]
    if (acting === undefined || thread === undefined) throw new Error(`there is no thread ${t}`)
    const direct = local.get(op)
    if (direct !== undefined) return { out: direct(acting, args, this.#labels), completed: [] }
    const make = ops.get(op)?.make
    if (make === undefined) throw new NotModelled(op)
    const report: Report = this.#driver.perform(thread, make(acting, args), at)
    return this.#tell(this.#out(at, report.outcome, true), report.completed)
  }

  /** Of those whose time is up at the same moment, the recorder takes the first by number. */
  #advanceClock(ms: number): Completion[] {
    const { state } = this.#driver
    const until = state.clock + ms * NS_PER_MS
    const completed: Completion[] = []
    while (state.clock < until) {
      const moment = Math.min(until, state.timers[0]?.at ?? until)
      const due = this.#driver.advanceClock((moment - state.clock) / NS_PER_MS)
      completed.push(...due.sort((a, b) => this.#threads.indexOf(a.thread) - this.#threads.indexOf(b.thread)))
    }
    return completed
  }

  #tell(out: Fields, completed: readonly Completion[]): unknown {
    const others = completed.flatMap(({ thread, issue, outcome }) =>
      issue === null ? [] : [{ t: this.#threads.indexOf(thread), step: issue, out: this.#out(issue, outcome, false) }],
    )
    return { out, completed: others }
  }

  #out(at: number, outcome: HandOutcome | null, own: boolean): Fields {
    if (outcome === null) return { blocks: true }
    const { t, op, args } = this.#step(at)
    const acting = this.#acting[t ?? -1] as Acting // it made the call
    // Who ends by its own call has done what it wanted.
    if (outcome.how === 'died') return own ? { status: 'STATUS_SUCCESS' } : { terminated: true }
    if (outcome.how === 'failed') {
      const more = ops.get(op)?.failed?.(outcome.error, args) ?? {}
      return { status: outcome.error.code, ...more }
    }
    const tell = ops.get(op)?.tell ?? told
    return tell(outcome.value, acting, args, this.#labels)
  }

  end(): unknown {
    return null
  }

  #step(at: number): Step {
    const step = this.#steps[at]
    if (step === undefined) throw new Error(`there is no step ${at}`)
    return step
  }
}
