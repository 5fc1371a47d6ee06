import type { Id } from '../../kernel/index.ts'
import type { TraceEvent } from '../../trace/index.ts'
import { at, list } from '../story/phrases.ts'
import type { SecondLook } from '../story/second-look.ts'
import type { Finding } from './finding.ts'

/** So many have to be woken at once. */
const HERD_MIN = 3

/**
 * A thundering herd: one step wakes three or more threads that wait for one object, and all of them but one (or all) wait
 * for it again before anything else is given to it, having changed nothing but what the wait itself does: its lock, its
 * queue. Stevens, Fenner, Rudoff: UNIX Network Programming, volume 1, section 30.6.
 */
export function thunderingHerds(look: SecondLook): Finding[] {
  const found: Finding[] = []
  for (const event of look.trace.events) {
    const { woken = [] } = event
    if (woken.length < HERD_MIN) continue
    for (const [object, herd] of byObject(look, woken, event.step)) {
      if (herd.length < HERD_MIN) continue
      const again = herd.flatMap((thread) => waitsAgain(look, thread, object, event.step) ?? [])
      if (again.length >= herd.length - 1) found.push(tell(event, object, herd, again))
    }
  }
  return found
}

/** The threads woken in a step, by what they waited for. */
function byObject({ periods }: SecondLook, woken: readonly Id[], step: number): Map<string, Id[]> {
  const herds = new Map<string, Id[]>()
  for (const thread of woken) {
    const wait = periods.lastBefore(thread, step)
    if (wait?.to === step) herds.set(wait.object, [...(herds.get(wait.object) ?? []), thread])
  }
  return herds
}

/** The step at which the thread waits for the object again, woken for nothing; `null` when it was not for nothing. */
function waitsAgain({ periods, trace, ledger }: SecondLook, thread: Id, object: string, woken: number): number | null {
  const given = ledger.givers(object).find(({ step }) => step > woken)?.step ?? Number.POSITIVE_INFINITY
  let again = periods.firstFrom(thread, woken + 1)
  while (again !== null && again.object !== object && again.from < given)
    again = periods.firstFrom(thread, again.from + 1)
  if (again === null || again.object !== object || again.from >= given) return null
  const step = again.from
  const own = trace.events.slice(woken, step).filter((event) => event.thread === thread)
  const last = own.at(-1)
  if (last?.step !== step) return null
  const places = new Set(last.touched.map(([, id, part]) => `${id}:${part}`))
  const changes = own.some((event) =>
    event.touched.some(([mode, id, part]) => mode !== 'r' && !places.has(`${id}:${part}`)),
  )
  return changes ? null : step
}

function tell(
  { step, thread, call, line }: TraceEvent,
  object: string,
  herd: readonly Id[],
  again: readonly number[],
): Finding {
  return {
    name: 'thundering herd',
    object,
    threads: herd,
    steps: [step, ...again],
    text:
      `${call} by ${thread} at step ${step}${at(line ?? null)} wakes ${herd.length} that wait for ${object} (${list(herd)}); ` +
      `${again.length} of them in vain: they wait for it again, at ${again.length === 1 ? 'step' : 'steps'} ${list(again.map(String))}`,
  }
}
