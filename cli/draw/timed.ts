import { type Dispatcher, measuresOf, type Recorder } from '../../scheduler/index.ts'
import type { Terminal } from '../terminal.ts'
import { gantt } from './gantt.ts'
import { latencyAsData, latencyLines, messageLines } from './latencies.ts'
import { processLines, totalLines } from './measures.ts'
import { section } from './run.ts'

/** A run under a policy, over time: its chart, and what it came to. */

export interface Timed {
  readonly dispatcher: Dispatcher
  readonly recorder: Recorder
}

/** Threads and processes that are drawn of many. */
const ROWS_MAX = 24

export function drawTimed({ dispatcher, recorder }: Timed, full: boolean, terminal: Terminal): void {
  const { costs, cpus: number, queues } = dispatcher.settings
  const measures = measuresOf(dispatcher)
  const { began, elapsed } = dispatcher.totals
  const { width, colors } = terminal
  const { stretches } = recorder
  const coarse = costs.name === 'unit'
  const rowsMax = full ? Number.POSITIVE_INFINITY : ROWS_MAX
  const { cpus } = measures
  const on = number === 1 ? '1 CPU' : `${number} CPUs, ${queues === 'global' ? 'one run queue' : 'a run queue each'}`
  terminal.print([`${dispatcher.name} on ${on}, costs ${costs.name}`, ''])
  terminal.print(gantt({ stretches, cpus, from: began, to: began + elapsed, coarse, width, colors, rowsMax }))
  section(processLines(measures, coarse, rowsMax, terminal), terminal)
  section(totalLines(measures, coarse), terminal)
  section(latencyLines([...recorder.calls.byCall], ['call to return'], coarse, rowsMax, terminal), terminal)
  section(messageLines(recorder.messages.queues, coarse, rowsMax, terminal), terminal)
}

/** The same as data, for `--json`. Times in virtual ns. */
export function timedAsData({ dispatcher, recorder }: Timed): object {
  const { costs, queues } = dispatcher.settings
  const { processes, cpus, totals } = measuresOf(dispatcher)
  const calls = [...recorder.calls.byCall].map(([call, times]) => ({ call, ...latencyAsData(times) }))
  const messages = recorder.messages.queues.map(({ name, latency, ...rest }) => {
    return { queue: name, ...rest, latency: latencyAsData(latency) }
  })
  return {
    policy: dispatcher.name,
    queues,
    costs,
    processes,
    cpus,
    totals,
    line: { step: dispatcher.totals.stepNs, lengths: dispatcher.totals.lengths },
    calls,
    messages,
    timeline: recorder.stretches,
  }
}
