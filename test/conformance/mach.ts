import { type Call, type CallError, Driver, type HandOutcome, type Id } from 'ipclab/kernel'
import * as mach from 'ipclab/mach'
import { type Fields, list, object, text, whole } from './fields.ts'
import { messageOut, symbolOf, typeWords } from './mach-notation.ts'
import { ops, returnedOut, statusOut } from './mach-ops.ts'
import { type Family, NotModelled, type Recorded, type Session } from './runner.ts'

/** Recordings of a GNU Mach kernel: test/oracles/mach/README.md. */

interface Step {
  readonly op: string
  readonly args: Fields
  readonly task: number
  readonly thread: number
  readonly expected: { readonly result: Fields; readonly woke: readonly unknown[] }
}

interface Case extends Recorded {
  /** Whether threads wait in a queue, or on a stack. */
  readonly fifo: boolean
  /** Threads of each task. */
  readonly tasks: readonly number[]
  readonly steps: readonly Step[]
}

export const machFamily: Family<Case> = {
  read(line) {
    const { id, variant, tasks, steps, final } = object(line, 'a case')
    const name = text(id, 'an id')
    return {
      id: name,
      part: name.startsWith('hand-') ? 'hand' : variant === 'fifo' ? 'fifo' : 'random',
      fifo: variant === 'fifo',
      tasks: list(tasks, `${name}: tasks`).map((threads) => whole(threads, `${name}: a number of threads`)),
      steps: list(steps, `${name}: steps`).map(readStep),
      end: object(final, `${name}: final`),
    }
  },
  begin: (recorded) => new MachSession(recorded),
}

function readStep(value: unknown, index: number): Step {
  const { task, thread = 0, op, args, result, woke = [] } = object(value, `step ${index}`)
  const others = list(woke, 'woke').map((one) => ({ thread: 0, ...object(one, 'one woken') }))
  return {
    op: text(op, `step ${index}: op`),
    args: object(args, `step ${index}: args`),
    task: whole(task, `step ${index}: task`),
    thread: whole(thread, `step ${index}: thread`),
    expected: { result: object(result, `step ${index}: result`), woke: others },
  }
}

/** Done by the recorder, and not by the task. */
const HARNESS = 'harness'

const idOf = (task: number, thread: number): Id => (thread === 0 ? `t${task}` : `t${task}.${thread}`)
const placeOf = (id: Id): [task: number, thread: number] => {
  const [task = '', thread = '0'] = id.slice(1).split('.')
  return [Number(task), Number(thread)]
}

class MachSession implements Session {
  readonly #driver: Driver
  readonly #case: Case

  constructor(recorded: Case) {
    this.#case = recorded
    this.#driver = new Driver({ wakeOrder: recorded.fifo ? 'fifo' : 'lifo' })
    this.#driver.process({ id: HARNESS })
    for (const [task, threads] of recorded.tasks.entries()) {
      this.#driver.process({ id: idOf(task, 0) })
      for (let thread = 1; thread < threads; thread++) this.#driver.thread(idOf(task, 0), idOf(task, thread))
    }
  }

  perform(at: number): unknown {
    const { op, args, task, thread } = this.#step(at)
    const fresh = this.#fresh(args, task)
    const report = this.#driver.perform(...this.#call(op, args, idOf(task, thread), fresh), at)
    const woke = report.completed
      .filter(({ issue, outcome }) => issue !== null && outcome.how !== 'died')
      .map((one) => {
        const [task, thread] = placeOf(one.thread)
        return { task, thread, result: this.#result(one.issue ?? 0, one.outcome) }
      })
    woke.sort((a, b) => a.task - b.task || a.thread - b.thread)
    return { result: this.#result(at, report.outcome, fresh), woke }
  }

  #call(op: string, args: Fields, thread: Id, fresh: number): [Id, Call<unknown>] {
    const target = args.target === undefined ? 0 : this.#pid(Number(args.target))
    if (op === 'task_terminate') return [HARNESS, mach.task_terminate(target)]
    if (op === 'thread_abort')
      return [HARNESS, mach.thread_abort(idOf(Number(args.target), Number(args.target_thread)))]
    const made = ops.get(op)
    if (made === undefined) throw new NotModelled(op)
    return [thread, made.make(args, target, fresh)]
  }

  /** The name that the kernel would give out next, to the task where the caller chooses one. */
  #fresh({ target }: Fields, own: number): number {
    const task = target === undefined ? own : Number(target)
    const space = this.#driver.state.objects[`mach-space:${idOf(task, 0)}`] as mach.Space | undefined // so it is called
    return space?.next ?? 1
  }

  #pid(task: number): number {
    return this.#driver.state.processes[idOf(task, 0)]?.pid ?? 0
  }

  #step(at: number): Step {
    const step = this.#case.steps[at]
    if (step === undefined) throw new Error(`there is no step ${at}`)
    return step
  }

  #result(at: number, outcome: HandOutcome | null, fresh = 0): Fields {
    const { op, args } = this.#step(at)
    if (outcome === null) return { code: 'BLOCKED' }
    if (outcome.how === 'died') return { code: 'DIED' }
    if (outcome.how === 'failed') return { code: outcome.error.code, ...detailOut(outcome.error, args) }
    const sends = ['send', 'receive', 'send_receive'].includes(op)
    return {
      code: sends ? 'MACH_MSG_SUCCESS' : 'KERN_SUCCESS',
      ...ops.get(op)?.tell?.(outcome.value, args, fresh),
    }
  }

  end(): unknown {
    const blocked = this.#driver.blocked().map(({ thread }) => placeOf(thread))
    const final: Record<string, unknown> = {}
    for (const task of this.#case.tasks.keys()) {
      if (!this.#driver.isAlive(idOf(task, 0))) continue
      const waiting = blocked.filter(([of]) => of === task).map(([, thread]) => thread)
      final[task] = { names: this.#names(task), ...(waiting.length === 0 ? {} : { blocked: waiting.sort() }) }
    }
    return final
  }

  #names(task: number): unknown {
    const pid = this.#pid(task)
    const names = this.#ask<mach.NameAndType[]>(mach.mach_port_names(pid))
    return names.map(({ name, type }) => ({
      name: symbolOf(name),
      type: typeWords(type),
      ...this.#refs(pid, name, 'send_refs', mach.MACH_PORT_RIGHT_SEND),
      ...this.#refs(pid, name, 'dead_refs', mach.MACH_PORT_RIGHT_DEAD_NAME),
      ...((type & mach.MACH_PORT_TYPE_RECEIVE) === 0 ? {} : this.#status(pid, name)),
    }))
  }

  #refs(pid: number, name: number, word: string, right: number): Fields {
    const refs = this.#ask<number>(mach.mach_port_get_refs(pid, name, right))
    return refs === 0 ? {} : { [word]: refs }
  }

  #status(pid: number, name: number): Fields {
    const status = statusOut(this.#ask<mach.PortStatus>(mach.mach_port_get_receive_status(pid, name)))
    return Object.fromEntries(
      Object.entries(status).filter(([key, value]) => value !== (key in DEFAULTS ? DEFAULTS[key] : 0)),
    )
  }

  #ask<R>(call: Call<R>): R {
    const { outcome } = this.#driver.perform(HARNESS, call)
    if (outcome?.how !== 'returned') throw new Error(`the recorder's own call came to ${outcome?.how}`)
    return outcome.value as R // what the call returns
  }
}

/** What comes back with an error. */
function detailOut({ code, detail }: CallError, args: Fields): Fields {
  if (code === 'MACH_SEND_TIMED_OUT' || code === 'MACH_SEND_INTERRUPTED') return returnedOut(messageIn(detail), args)
  if (code !== 'MACH_RCV_TOO_LARGE') return {}
  const message = messageIn(detail)
  return 'body' in message ? { header: messageOut(message) } : { needed_size: messageIn(detail).msgh_size }
}

const messageIn = (detail: unknown): mach.ReceivedMessage => detail as mach.ReceivedMessage // what mach_msg hands back

const DEFAULTS: Fields = {
  pset: null,
  qlimit: mach.MACH_PORT_QLIMIT_DEFAULT,
  srights: false,
  pdrequest: false,
  nsrequest: false,
}
