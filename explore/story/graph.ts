import type { Id } from '../../kernel/index.ts'
import { at, cut } from './phrases.ts'
import type { Giver, Story, StoryWait } from './story.ts'

/**
 * The wait-for graph in the terminal: a circle as a loop down the left side, each thread above the one that it waits
 * for; then those that wait without being in it, a line each. The objects stand on the arrows.
 */

export interface Paint {
  readonly thread: (text: string) => string
  readonly arrow: (text: string) => string
}

export const PLAIN: Paint = { thread: (text) => text, arrow: (text) => text }

/** Of a larger circle so many threads are drawn, from its beginning and its end. */
const CIRCLE_HEAD = 6
const CIRCLE_TAIL = 2
/** Of those outside the circle. */
const OTHERS_MAX = 10

export function graphLines(story: Story, width: number, paint: Paint = PLAIN): string[] {
  const byThread = new Map(story.waits.map((wait) => [wait.thread, wait]))
  const circle = story.circle.flatMap((id) => byThread.get(id) ?? [])
  const others = story.waits.filter(({ thread }) => !story.circle.includes(thread))
  return [...loop(circle, width, paint), ...arrows(others, story.ended, width, paint)]
}

function loop(circle: readonly StoryWait[], width: number, { thread, arrow }: Paint): string[] {
  const lines: string[] = []
  const last = circle.length - 1
  const folded = circle.length > CIRCLE_HEAD + CIRCLE_TAIL + 1
  circle.forEach((wait, at) => {
    const hidden = folded && at >= CIRCLE_HEAD && at < circle.length - CIRCLE_TAIL
    if (hidden) {
      if (at > CIRCLE_HEAD) return
      const count = circle.length - CIRCLE_HEAD - CIRCLE_TAIL
      lines.push(arrow(`│    ⋮ ${count} more, each waiting for the next`), arrow('│    ▼'))
      return
    }
    const next = circle[at === last ? 0 : at + 1]?.thread ?? ''
    lines.push(`${arrow(at === 0 ? '╭─▶' : '│  ')} ${thread(wait.thread)}`)
    lines.push(`${arrow(at === last ? '╰────╯' : '│    │')} ${cut(edge(wait, next), width - 7)}`)
    if (at !== last) lines.push(arrow('│    ▼'))
  })
  return lines
}

/** What stands on the arrow from a thread to the one it waits for. */
function edge(wait: StoryWait, next: Id): string {
  const held = wait.heldBy.find(({ thread }) => thread === next)
  if (held !== undefined) {
    const since = held.step === null ? '' : ` since step ${held.step}`
    return `${wait.object}, held by ${next}${next === wait.thread ? ' itself' : ''}${since}${at(held.line)}`
  }
  const given = wait.givenBy.find(({ thread }) => thread === next)
  return given === undefined ? wait.object : `${wait.object}, ${giving(wait, given, next)}`
}

/** Who gives what a thread waits for, or takes it where it waits to give. */
export function giving({ toGive }: StoryWait, { step, line, known }: Giver, who: string): string {
  if (known === 'by its writing') return `last written by ${who} at step ${step}${at(line)}`
  if (known === 'by the call') return `for ${who} to act`
  if (known === 'elsewhere') return `for ${who} to ${toGive ? 'take' : 'give'}, as in other runs${at(line)}`
  return `last ${toGive ? 'taken' : 'given'} by ${who} at step ${step}${at(line)}`
}

/** Those outside the circle: `reader ──/lock──▶ writer`. */
function arrows(waits: readonly StoryWait[], ended: readonly Id[], width: number, { thread, arrow }: Paint): string[] {
  const shown = waits.length > OTHERS_MAX + 1 ? waits.slice(0, OTHERS_MAX) : waits
  const lines = shown.map((wait) => {
    const whom = wait.waitsFor.map((id) => (ended.includes(id) ? `${id} (ended)` : id)).join(', ')
    const to = cut(whom === '' ? 'nobody' : whom, width - wait.thread.length - wait.object.length - 10)
    return `${thread(wait.thread)} ${arrow('──')} ${wait.object} ${arrow('──▶')} ${whom === '' ? to : thread(to)}`
  })
  if (shown.length < waits.length) lines.push(`… and ${waits.length - shown.length} more`)
  return lines
}
