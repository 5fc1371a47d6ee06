import type { Stretch } from '../../../scheduler/index.ts'
import type { SecondLook } from '../../story/second-look.ts'
import { takingsOf } from '../convoy.ts'
import type { Finding } from '../finding.ts'
import type { Span, Timeline } from './timeline.ts'

/** What it comes to over time: a convoy, and a herd, that the order of the steps has shown. */

/** How long it lasts, for which part of that the lock is taken, and how many wait for it. */
export function measuredConvoy({ ledger }: SecondLook, timeline: Timeline, finding: Finding): Finding {
  const { object, steps } = finding
  const takings = takingsOf(ledger.takers(object), ledger.givers(object)).filter(({ step }) => steps.includes(step))
  const last = takings.at(-1)
  const from = timeline.at(steps[0] ?? 0)
  const to = last?.given == null ? timeline.end : timeline.at(last.given)
  const span = { from, to }
  let waited = 0
  for (const thread of timeline.threads)
    for (const stretch of timeline.of(thread)) if (isWaitFor(stretch, object)) waited += common(stretch, span)
  let held = 0
  for (const { step, given } of takings)
    held += common({ from: timeline.at(step), to: given === null ? timeline.end : timeline.at(given) }, span)
  const ns = to - from
  if (ns === 0) return finding
  const mean = Number((waited / ns).toPrecision(2))
  return {
    ...finding,
    ns,
    text: `${finding.text}; that lasts ${timeline.inWords(ns)}, in which ${mean} wait for it in the mean, and it is taken for ${Math.round((held * 100) / ns)}% of it`,
  }
}

const isWaitFor = ({ activity, object }: Stretch, wanted: string): boolean =>
  activity === 'waiting' && object === wanted

const common = (one: Span, other: Span): number =>
  Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from))

/** How much of the CPUs' time goes into those who were woken in vain, and until when. */
export function measuredHerd({ periods }: SecondLook, timeline: Timeline, finding: Finding): Finding {
  const [woken = 0, ...again] = finding.steps
  const from = timeline.at(woken)
  let ns = 0
  let turns = 0
  for (const thread of finding.threads) {
    const wait = periods.firstFrom(thread, woken + 1)
    if (wait === null || !again.includes(wait.from)) continue
    for (const running of timeline.within(thread, 'running', { from, to: timeline.at(wait.from) })) {
      ns += running.to - running.from
      turns += 1
    }
  }
  return {
    ...finding,
    ns,
    text: `${finding.text}; for that they had a CPU ${turns === 1 ? 'once' : `${turns} times`}, for ${timeline.inWords(ns)} in all`,
  }
}
