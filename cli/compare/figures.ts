import type { Measures } from '../../scheduler/index.ts'

/** What policies are compared by. */

export const FIGURES = [
  'response',
  'turnaround',
  'waiting',
  'throughput',
  'utilisation',
  'switches',
  'fairness',
  'missed',
] as const

export type Figure = (typeof FIGURES)[number]

/** A figure of each kind, of one run; `null` where it has none. Times in virtual ns, throughput in processes a second. */
export type Figures = { readonly [F in Figure]: number | null }

/** Which of two figures is the better one. */
export const BETTER: { readonly [F in Figure]: 'less' | 'more' } = {
  response: 'less',
  turnaround: 'less',
  waiting: 'less',
  throughput: 'more',
  utilisation: 'more',
  switches: 'less',
  fairness: 'more',
  missed: 'less',
}

/** Of a run; nothing is missed where no process has a deadline. */
export function figuresOf({ totals, processes }: Measures): Figures {
  const { response, turnaround, waiting, throughput, utilisation, switches, fairness, missed } = totals
  const deadlines = processes.some(({ jobs }) => jobs > 0)
  return {
    response,
    turnaround,
    waiting,
    throughput,
    utilisation,
    switches,
    fairness,
    missed: deadlines ? missed : null,
  }
}
