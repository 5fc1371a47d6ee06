import type { Measures, TotalMeasures } from '../../scheduler/index.ts'
import type { Terminal } from '../terminal.ts'
import { table } from './table.ts'
import { percent, short, time } from './time.ts'

/** What a run under a policy came to: a row for each process, and the totals. */

const HEADINGS = [
  'process',
  'arrived',
  'response',
  'turnaround',
  'waiting',
  'blocked',
  'CPU',
  'switches',
  'preempted',
  'migrated',
  'jobs',
  'missed',
]

export function processLines({ processes }: Measures, coarse: boolean, rowsMax: number, terminal: Terminal): string[] {
  const at = (ns: number | null): string => (ns === null ? '-' : time(ns, coarse))
  const some = (count: number): string => (count === 0 ? '' : String(count))
  const rows = processes
    .slice(0, rowsMax)
    .map((one) => [
      one.process,
      one.arrived === 0 ? '' : at(one.arrived),
      at(one.response),
      at(one.turnaround),
      at(one.waiting),
      one.blocked === 0 ? '' : at(one.blocked),
      at(one.cpu),
      String(one.switches),
      some(one.preemptions),
      some(one.migrations),
      some(one.jobs),
      one.jobs === 0 ? '' : String(one.missed),
    ])
  if (processes.length > rowsMax) rows.push([`and ${processes.length - rowsMax} more`])
  return table(HEADINGS, rows, terminal.colors.bold)
}

export function totalLines({ totals }: Measures, coarse: boolean): string[] {
  const at = (ns: number | null): string => (ns === null ? '-' : time(ns, coarse))
  const lines: (readonly [string, string])[] = [
    ['time', at(totals.elapsed)],
    ['throughput', throughput(totals, coarse)],
    ['utilisation', `${percent(totals.utilisation)}, and ${percent(totals.switching)} in ${totals.switches} switches`],
    ['fairness', `${short(totals.fairness)} (Jain: 1 when all get as much of the CPU time that they are ready for)`],
    ['in line', `${short(totals.lineMean)} in the mean, ${totals.lineMax} at most`],
    ['means', `response ${at(totals.response)}, turnaround ${at(totals.turnaround)}, waiting ${at(totals.waiting)}`],
    ...(totals.missed > 0
      ? ([['missed', `${totals.missed} ${totals.missed === 1 ? 'deadline' : 'deadlines'}`]] as const)
      : []),
  ]
  return lines.map(([name, text]) => `${name.padEnd(11)}  ${text}`)
}

function throughput({ ended, elapsed, throughput }: TotalMeasures, coarse: boolean): string {
  if (elapsed === 0) return `${ended} processes in no time`
  return coarse
    ? `${short((ended * 1000) / elapsed)} processes in 1000 units of time`
    : `${short(throughput)} processes a second`
}
