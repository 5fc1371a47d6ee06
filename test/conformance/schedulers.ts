import { boot, compute, io, type Program, type Scenario, scenario } from 'ipclab/kernel'
import { Dispatcher, fifo, mlfq, type Policy, Recorder, rr, run, sjf, zero } from 'ipclab/scheduler'
import { type Fields, object } from './fields.ts'
import type { Family, Recorded, Session } from './runner.ts'

/** Recordings of the OSTEP simulators: test/oracles/schedulers/README.md. One tick is one virtual ns. */

interface Job {
  readonly arrival: number
  readonly runtime: number
  readonly ioEvery: number
}

interface Case extends Recorded {
  readonly policy: Policy
  readonly jobs: readonly Job[]
  readonly ioTime: number
  readonly isMlfq: boolean
}

const number = (value: unknown, what: string): number => {
  if (typeof value !== 'number') throw new Error(`${what} is no number`)
  return value
}

export const schedulers: Family<Case> = {
  read(line) {
    const fields = object(line, 'a case')
    const { id, policy, jobs, timeline, stats } = fields
    if (typeof id !== 'string' || typeof policy !== 'string') throw new Error('has no id or no policy')
    if (!Array.isArray(jobs) || !Array.isArray(timeline) || !Array.isArray(stats))
      throw new Error(`${id}: has no jobs, no timeline or no stats`)
    return {
      id,
      part: policy,
      policy: policyOf(policy, fields),
      jobs: jobs.map((job) => jobOf(object(job, 'a job'))),
      ioTime: policy === 'MLFQ' ? number(fields.ioTime, 'ioTime') : 0,
      isMlfq: policy === 'MLFQ',
      steps: [{ op: 'run', args: {}, expected: timeline }],
      end: stats,
    }
  },
  begin: (recorded) => new Run(recorded),
}

function jobOf({ arrival, runtime, ioEvery = 0 }: Fields): Job {
  return {
    arrival: number(arrival, 'arrival'),
    runtime: number(runtime, 'runtime'),
    ioEvery: number(ioEvery, 'ioEvery'),
  }
}

function policyOf(name: string, fields: Fields): Policy {
  switch (name) {
    case 'FIFO':
      return fifo()
    case 'SJF':
      return sjf()
    case 'RR':
      return rr(number(fields.quantum, 'quantum'))
    case 'MLFQ':
      return mlfq({
        queues: number(fields.queues, 'queues'),
        quantum: number(fields.quantum, 'quantum'),
        allotment: number(fields.allotment, 'allotment'),
        boost: number(fields.boost, 'boost'),
        stay: fields.stayAfterIo === true,
        bump: fields.ioBump === true,
      })
    default:
      throw new Error(`there is no policy ${name}`)
  }
}

/** The jobs as programs: they compute, and do I/O. */
function asScenario({ jobs, ioTime }: Case): Scenario {
  const programs = jobs.map((job, at) => [
    `job${at}`,
    { program: () => work(job, ioTime), arrives: job.arrival, length: job.runtime },
  ])
  return scenario('jobs', { programs: Object.fromEntries(programs), expect: 'holds' })
}

function* work({ runtime, ioEvery }: Job, ioTime: number): Program {
  const burst = ioEvery > 0 ? ioEvery : runtime
  for (let left = runtime; left > 0; left -= burst) {
    yield* compute(Math.min(burst, left))
    if (left > burst) yield* io(ioTime)
  }
}

class Run implements Session {
  readonly #case: Case
  readonly #dispatcher: Dispatcher
  readonly #recorder = new Recorder()

  constructor(recorded: Case) {
    this.#case = recorded
    this.#dispatcher = new Dispatcher({ policy: recorded.policy, costs: zero, recorder: this.#recorder })
  }

  perform(): unknown {
    const simulation = boot(asScenario(this.#case), { door: this.#dispatcher, wakeOrder: 'fifo', once: true })
    simulation.start()
    this.#dispatcher.begin(simulation, 0)
    const { ending } = run(simulation, this.#dispatcher, { maxSteps: 1_000_000 })
    if (ending !== 'done') return ending
    return this.#case.isMlfq ? this.#withIdle() : this.#runs().map(({ from, job, to }) => [from, job, to])
  }

  end(): unknown {
    return this.#case.jobs.map((_, at) => {
      const entity = this.#dispatcher.entities.find(({ task }) => task.id === `job${at}`)
      if (entity === undefined) return null
      const response = entity.firstRun - entity.arrived
      const turnaround = entity.ended - entity.arrived
      return this.#case.isMlfq ? { response, turnaround } : { response, turnaround, wait: entity.readyNs }
    })
  }

  /** Neighbouring runs of one job, at one priority, are one. */
  #runs(): { from: number; job: number; level: number; to: number }[] {
    const runs: { from: number; job: number; level: number; to: number }[] = []
    for (const { thread, activity, from, to, level } of this.#recorder.stretches) {
      if (activity !== 'running') continue
      const job = Number(thread.slice('job'.length))
      const last = runs.at(-1)
      if (last !== undefined && last.job === job && last.level === level && last.to === from) last.to = to
      else runs.push({ from, job, level, to })
    }
    return runs
  }

  #withIdle(): number[][] {
    const lines: number[][] = []
    let at = 0
    for (const { from, job, level, to } of this.#runs()) {
      if (from > at) lines.push([at, -1, -1, from])
      lines.push([from, job, level, to])
      at = to
    }
    return lines
  }
}
