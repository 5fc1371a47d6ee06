import type { Scenario } from '../../kernel/index.ts'
import type { LoadedScenario, Trace } from '../../trace/index.ts'
import { inWords } from '../story/phrases.ts'
import { lookAgain, type SecondLook } from '../story/second-look.ts'
import { convoys } from './convoy.ts'
import type { Finding } from './finding.ts'
import { lostWakeUps } from './lost-wake-up.ts'
import type { OrderWatch } from './order.ts'
import { priorityInversions } from './priority-inversion.ts'
import { thunderingHerds } from './thundering-herd.ts'
import { timedInversions } from './timed/inversion.ts'
import { measuredConvoy, measuredHerd } from './timed/measured.ts'
import { starvations } from './timed/starvation.ts'
import type { Timeline } from './timed/timeline.ts'

/** What in a run has a name of its own, whether the run ended well or not: the run is made once more. */
export const findings = (given: LoadedScenario | Scenario, trace: Trace): Finding[] =>
  findingsOf(lookAgain(given, trace))

export const findingsOf = (look: SecondLook): Finding[] => [
  ...once(look.timeline === null ? untimed(look) : timed(look, look.timeline)),
  ...disorders(look.order),
]

const untimed = (look: SecondLook): Finding[] => [
  ...lostWakeUps(look),
  ...priorityInversions(look),
  ...convoys(look),
  ...thunderingHerds(look),
]

/** Under a policy, which keeps time. */
const timed = (look: SecondLook, timeline: Timeline): Finding[] => [
  ...lostWakeUps(look),
  ...timedInversions(look, timeline),
  ...convoys(look).map((one) => measuredConvoy(look, timeline, one)),
  ...thunderingHerds(look).map((one) => measuredHerd(look, timeline, one)),
  ...starvations(timeline),
]

/** Whether a semaphore is a lock only many runs can tell. */
const disorders = (order: OrderWatch): Finding[] =>
  [...order.races, ...order.inversions(() => false)].map(({ key: _, ...finding }) => finding)

const isOfThreads = ({ name }: Finding): boolean =>
  name === 'lost wake-up' || name === 'priority inversion' || name === 'starvation'

/** What comes again and again to the same object is told once, with how often it does, and how long that is in all. */
function once(found: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding[]>()
  for (const one of found) {
    // Each of those who wait for ever, or are kept waiting, is a case of its own.
    const own = isOfThreads(one) ? one.threads : []
    const key = [one.name, one.object, ...own].join(' ')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups.values()].flatMap(([first, ...more]) => {
    if (first === undefined) return []
    if (more.length === 0) return [first]
    const text = `${first.text} (and so ${inWords(more.length, 'time')} more)`
    const ns = more.reduce((sum, one) => sum + (one.ns ?? 0), first.ns ?? 0)
    return [{ ...first, text, ...(first.ns === undefined ? {} : { ns }) }]
  })
}
