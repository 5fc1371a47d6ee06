import { type Dispatcher, isCoarse, type Measures, measuresOf, type Recorder } from '../../scheduler/index.ts'
import type { Terminal } from '../terminal.ts'
import { gantt } from './gantt.ts'
import { latencyAsData, latencyLines, messageLines } from './latencies.ts'
import { processLines, totalLines } from './measures.ts'
import type { OverTime } from './over-time.ts'
import { section } from './run.ts'
import { timeline } from './svg/timeline.ts'
import { namedInTimes, percent, time } from './time.ts'

/** A run under a policy, over time: its chart, and what it came to. */

export interface Timed {
  readonly dispatcher: Dispatcher
  readonly recorder: Recorder
}

/** Threads and processes that are drawn of many. */
const ROWS_MAX = 24

export function drawTimed({ dispatcher, recorder }: Timed, full: boolean, terminal: Terminal): void {
  const measures = measuresOf(dispatcher)
  const chart = overTime({ dispatcher, recorder }, measures, full)
  const { coarse, rowsMax } = chart
  const { width, colors } = terminal
  terminal.print([machineLine(dispatcher), ''])
  terminal.print(gantt({ ...chart, width, colors }))
  section(processLines(measures, coarse, rowsMax, terminal), terminal)
  section(totalLines(measures, coarse), terminal)
  section(latencyLines([...recorder.calls.byCall], ['call to return'], coarse, rowsMax, terminal), terminal)
  section(messageLines(recorder.messages.queues, coarse, rowsMax, terminal), terminal)
}

/** The same as a picture. @param ending how the run came to its end */
export function timedAsPicture({ dispatcher, recorder }: Timed, full: boolean, title: string, ending: string): string {
  const measures = measuresOf(dispatcher)
  const { totals } = measures
  const chart = overTime({ dispatcher, recorder }, measures, full)
  const { coarse } = chart
  const at = (ns: number | null): string => (ns === null ? '-' : time(ns, coarse))
  const words = [
    ending,
    `${at(totals.elapsed)} in all, utilisation ${percent(totals.utilisation)}, ${totals.switches} switches (${percent(totals.switching)}), fairness ${totals.fairness.toFixed(3)}`,
    `means over the processes: response ${at(totals.response)}, turnaround ${at(totals.turnaround)}, waiting ${at(totals.waiting)}`,
  ]
  const subtitle = machineLine(dispatcher) + (coarse ? ', times in units' : '')
  return timeline({ ...chart, title, subtitle, words })
}

/** The run as both charts have it. */
function overTime({ dispatcher, recorder }: Timed, { cpus }: Measures, full: boolean): OverTime {
  const { totals, settings } = dispatcher
  return {
    stretches: recorder.stretches,
    threads: threadsOf(dispatcher),
    cpus,
    from: totals.began,
    to: totals.began + totals.elapsed,
    coarse: isCoarse(settings.costs),
    rowsMax: full ? Number.POSITIVE_INFINITY : ROWS_MAX,
  }
}

/** In the order in which they came to be, as in the table. */
const threadsOf = ({ entities }: Dispatcher): string[] => entities.map(({ task }) => task.id)

function machineLine(dispatcher: Dispatcher): string {
  const { costs, cpus, queues } = dispatcher.settings
  const on = cpus === 1 ? '1 CPU' : `${cpus} CPUs, ${queues === 'global' ? 'one run queue' : 'a run queue each'}`
  return `${namedInTimes(dispatcher.name, isCoarse(dispatcher.settings.costs))} on ${on}, costs ${costs.name}`
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
