import { join } from 'node:path'
import { type AnyValues, boot, type Scenario } from '../../kernel/index.ts'
import { type Dispatcher, dispatcher, type Ending, run } from '../../scheduler/index.ts'
import { loadScenarioFile } from '../../trace/index.ts'
import { processorSeconds } from '../table.ts'
import { bareGenerators, bareHeap } from './bare.ts'
import { type Workload, workload } from './workloads.ts'

/** One measurement, in a process of its own: what one leaves behind in memory and in the compiler is nothing to the next. */

/** Programs that never end, and that many events of them, after half as many to begin with. */
interface Endless {
  readonly workload: Workload
  /** More is said of them than that they are there. */
  readonly told: boolean
  readonly policy: string
  readonly processes: number
  readonly events: number
}

/** A scenario of the library, from its start to its end. */
interface Whole {
  readonly scenario: string
  readonly policy: string
  readonly params: AnyValues
}

interface Bare {
  readonly bare: 'heap' | 'generators'
  readonly processes: number
  readonly events: number
}

export type Job = Endless | Whole | Bare

/** Times in seconds of the processor. */
export interface Result {
  /** Events a second. */
  readonly rate: number
  /** To make all processes. */
  readonly making: number
  /** Bytes in use for each of them, and the most that were resident in all. */
  readonly bytesEach: number
  readonly resident: number
}

class Enough extends Error {}

const collect = (globalThis as { gc?: () => void }).gc ?? ((): void => {})

interface Watch {
  /** Every process stands before its first call. */
  begun(): void
  observe(): void
}

/** What `ipclab run` does, but for the trace. */
function through(scenario: Scenario, decider: Dispatcher, params: AnyValues, { begun, observe }: Watch): Ending {
  const simulation = boot(scenario, { door: decider, wakeOrder: 'fifo', once: true, params })
  simulation.start()
  decider.begin(simulation, 0)
  begun()
  return run(simulation, decider, { maxSteps: Number.MAX_SAFE_INTEGER, observers: [observe] }).ending
}

function ofWorkload({ workload: name, told, policy, processes, events }: Endless): Result {
  collect()
  const before = process.memoryUsage().heapUsed
  const since = processorSeconds()
  let making = 0
  let bytesEach = 0
  const begun = (): void => {
    making = processorSeconds() - since
    collect()
    bytesEach = (process.memoryUsage().heapUsed - before) / processes
  }
  const decider = dispatcher(policy, '1')
  const { totals } = decider
  let first = 0
  let from = 0
  let rate = 0
  const observe = (): void => {
    if (totals.events < events / 2) return
    if (first === 0) {
      first = totals.events
      from = processorSeconds()
    } else if (totals.events >= first + events) {
      rate = (totals.events - first) / (processorSeconds() - from)
      throw new Enough()
    }
  }
  try {
    through(workload(name, processes, told), decider, {}, { begun, observe })
  } catch (error) {
    if (!(error instanceof Enough)) throw error
  }
  return { rate, making, bytesEach, resident: process.resourceUsage().maxRSS * 1024 }
}

async function ofScenario({ scenario: name, policy, params }: Whole): Promise<Result> {
  const { scenario } = await loadScenarioFile(join(import.meta.dirname, `../../scenarios/${name}.ts`))
  const decider = dispatcher(policy, '1')
  let from = 0
  const begun = (): void => {
    from = processorSeconds()
  }
  const ending = through(scenario, decider, params, { begun, observe: () => {} })
  if (ending !== 'done') throw new Error(`${name}: ${ending}`)
  const rate = decider.totals.events / (processorSeconds() - from)
  return { rate, making: 0, bytesEach: 0, resident: 0 }
}

async function measured(job: Job): Promise<Result> {
  if ('workload' in job) return ofWorkload(job)
  if ('scenario' in job) return ofScenario(job)
  const rate = (job.bare === 'heap' ? bareHeap : bareGenerators)(job.processes, job.events)
  return { rate, making: 0, bytesEach: 0, resident: 0 }
}

const job = JSON.parse(process.argv[2] ?? '') as Job // index.ts gives one
console.log(JSON.stringify(await measured(job)))
