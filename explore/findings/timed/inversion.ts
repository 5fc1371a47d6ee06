import type { Id } from '../../../kernel/index.ts'
import type { Holding, Stretch } from '../../../scheduler/index.ts'
import { at, list } from '../../story/phrases.ts'
import type { SecondLook } from '../../story/second-look.ts'
import type { Finding } from '../finding.ts'
import type { Span, Timeline } from './timeline.ts'

/** A thread is blocked on what a less urgent one has, who could go on, while others between the two have the CPU. */
interface Kept {
  readonly object: string
  readonly high: Stretch
  readonly low: Id
  /** The step at which it took it. */
  readonly taken: number
  /** For how long in all it was blocked there. */
  blocked: number
  /** How long each in between ran meanwhile. */
  readonly ran: Map<Id, number>
}

/**
 * Priority inversion, measured: for how long a thread is blocked on an object that a less urgent one has while that one is
 * ready and has no CPU, because one has it whose priority lies between the two and who has nothing to do with the object.
 * Only where the policy goes by priorities: what others do against them is their rule. A priority that is lent is none of
 * one's own; where it is, nobody in between runs.
 */
export function timedInversions(look: SecondLook, timeline: Timeline): Finding[] {
  if (!timeline.byPriority) return []
  const { ledger, review } = look
  const priorities = new Map<Id, number>()
  for (const thread of timeline.threads) priorities.set(thread, timeline.of(thread)[0]?.priority ?? 0)
  if (new Set(priorities.values()).size < 3) return []
  const urgency = (thread: Id): number => priorities.get(thread) ?? 0
  const found = new Map<string, Kept>()
  for (const object of ledger.subjects) {
    const held = heldBy(ledger.holdings(object))
    const users = new Set([...ledger.takers(object), ...ledger.givers(object)].map(({ thread }) => thread))
    const others = [...timeline.threads].filter((thread) => !users.has(thread))
    for (const thread of timeline.threads)
      for (const high of timeline.of(thread)) {
        if (high.activity !== 'waiting' || high.object !== object) continue
        for (const [low, holdings] of held) {
          if (urgency(low) >= high.priority) continue
          const meanwhile = holdings.filter((one) => lasts(common(high, one)))
          const [first] = meanwhile
          if (first === undefined) continue
          const between = others.filter((one) => urgency(one) > urgency(low) && urgency(one) < high.priority)
          const key = [object, thread, low].join(' ')
          const kept = found.get(key) ?? {
            object,
            high,
            low,
            taken: first.step,
            blocked: 0,
            ran: new Map<Id, number>(),
          }
          found.set(key, kept)
          kept.blocked += high.to - high.from
          for (const holding of meanwhile)
            for (const one of between) add(kept.ran, one, inItsPlace(timeline, one, low, common(high, holding)))
        }
      }
  }
  return [...found.values()].filter(({ ran }) => ran.size > 0).map(tell)

  function common(high: Stretch, { step, given }: Holding): Span {
    const to = given === null ? timeline.end : timeline.at(given)
    return { from: Math.max(high.from, timeline.at(step)), to: Math.min(high.to, to) }
  }

  function tell({ object, high, low, taken, blocked, ran }: Kept): Finding {
    const ns = [...ran.values()].reduce((sum, one) => sum + one, 0)
    const wait = review.waits.find((one) => one.thread === high.thread && one.object === object && one.from >= taken)
    const held = ledger.takers(object).find(({ step }) => step === taken)
    const middle = [...ran.keys()]
    const who = middle.map((one) => `${one} (priority ${urgency(one)})`)
    const needs = middle.length === 1 ? 'does not need it, has' : 'do not need it, have'
    return {
      name: 'priority inversion',
      object,
      threads: [high.thread, ...middle, low],
      steps: [taken, ...(wait === undefined ? [] : [wait.from])],
      ns,
      text:
        `${high.thread} (priority ${high.priority}) is blocked on ${object} for ${timeline.inWords(blocked)}${at(wait?.line ?? null)}; ` +
        `for ${timeline.inWords(ns)} of that ${low} (priority ${urgency(low)}), who took it at step ${taken}${at(held?.site ?? null)}, is ready, ` +
        `and ${list(who)}, who ${needs} the CPU`,
    }
  }
}

/** From when to when each has anything of it, however much: who takes more before it has given all back goes on holding. */
function heldBy(holdings: readonly Holding[]): Map<Id, Holding[]> {
  const held = new Map<Id, Holding[]>()
  for (const holding of holdings) {
    const own = held.get(holding.thread) ?? []
    held.set(holding.thread, own)
    const last = own.at(-1)
    if (last === undefined || (last.given !== null && last.given < holding.step)) own.push(holding)
    else own[own.length - 1] = { ...last, given: later(last.given, holding.given) }
  }
  return held
}

const later = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : Math.max(a, b))
const lasts = ({ from, to }: Span): boolean => from < to

/** For how long one runs while the other is ready. */
function inItsPlace(timeline: Timeline, one: Id, low: Id, span: Span): number {
  let ns = 0
  for (const running of timeline.within(one, 'running', span)) ns += timeline.spent(low, 'ready', running)
  return ns
}

function add(sums: Map<Id, number>, key: Id, ns: number): void {
  if (ns > 0) sums.set(key, (sums.get(key) ?? 0) + ns)
}
