import type { Id } from '../../kernel/index.ts'
import { shortCall, type TraceEvent } from '../../trace/index.ts'
import type { SecondLook } from './second-look.ts'
import type { StoryWrite } from './story.ts'

/**
 * Behind a broken assertion or invariant: what the failing thread looked at or wrote last, and who else wrote there before.
 * Where it had read the place before that write, it went by a value that was no longer there.
 */

/** So many of the failing thread's last steps are looked at for places. */
const STEPS_LOOKED_AT = 6
const WRITES_MAX = 4

export function writesBehind({ trace, review }: SecondLook): StoryWrite[] {
  const { events, verdict } = trace
  if (verdict.failure === null || ['deadlock', 'data race', 'step limit'].includes(verdict.failure.kind)) return []
  const thread = verdict.failure.threads[0] ?? events.at(-1)?.thread
  if (thread === undefined) return []
  const own = events.filter((event) => event.thread === thread)
  const processes = new Set(events.map(({ process }) => process)) // their own tables are nobody else's to write
  const found = new Map<string, StoryWrite>()
  for (const event of own.slice(-STEPS_LOOKED_AT).reverse()) {
    for (const [mode, object, part, , label] of event.touched) {
      const place = `${object} ${part}`
      if (label === undefined || found.has(place) || processes.has(object)) continue
      const by = events.findLast((one) => one.step < event.step && one.thread !== thread && writes(one, object, part))
      if (by === undefined) continue
      const before = own.findLast((one) => one.step < event.step && touches(one, object, part))
      const stale = mode === 'w' && before !== undefined && before.step < by.step
      found.set(place, {
        place: label,
        thread: by.thread,
        step: by.step,
        line: by.line ?? null,
        call: by.call === null ? by.kind : shortCall(by.call, by.args, review.places[by.step] ?? {}),
        readBefore: stale ? { thread, step: before.step, line: before.line ?? null } : null,
      })
    }
  }
  return [...found.values()].sort((a, b) => (b.step ?? 0) - (a.step ?? 0)).slice(0, WRITES_MAX)
}

const touches = ({ touched }: TraceEvent, object: Id, part: number): boolean =>
  touched.some(([, id, one]) => id === object && one === part)

const writes = ({ touched }: TraceEvent, object: Id, part: number): boolean =>
  touched.some(([mode, id, one]) => mode !== 'r' && id === object && one === part)
