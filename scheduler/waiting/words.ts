import type { Id, Simulation } from '../../kernel/index.ts'
import type { Standstill } from './circle.ts'
import type { Ledger, Mark } from './ledger.ts'
import type { Waiting } from './waits.ts'

/** A deadlock among some, in a sentence. */

/** So many of those who can go on are named. */
const NAMED_MAX = 5

/** `P and Q wait for each other: P in pthread_mutex_lock(mutex at m+0) held by Q, Q in … held by P; R can go on`. */
export function inWords(
  simulation: Simulation,
  { stuck, circles }: Standstill,
  waiting: readonly Waiting[],
  ledger: Ledger | null,
): string {
  const inCircles = new Set(circles.flat())
  const others = stuck.filter((id) => !inCircles.has(id))
  const who = circles.map(
    (ids) =>
      `${listed(ids)} ${ids.length === 1 ? 'waits for itself' : ids.length === 2 ? 'wait for each other' : 'wait in a circle'}`,
  )
  if (others.length > 0) who.push(`${listed(others)}${circles.length > 0 ? ' behind them' : ''} can never go on`)
  const how = waiting.map((one) => `${one.thread} in ${one.call}(${one.object})${held(simulation, one, ledger)}`)
  return `${who.join(', ')}: ${how.join(', ')}; ${goingOn(simulation, stuck)} can go on`
}

function held(simulation: Simulation, { thread, object, heldBy }: Waiting, ledger: Ledger | null): string {
  if (heldBy !== undefined) return ` held by ${listed(heldBy.map((id) => named(simulation, id, thread)))}`
  if (ledger === null) return ''
  const names = (marks: readonly Mark[]): string =>
    listed([...new Set(marks.map((mark) => named(simulation, mark.thread, thread)))])
  const holders = names(ledger.holders(object))
  const givers = names(ledger.givers(object))
  const said = [holders === '' ? '' : `held by ${holders}`, givers === '' ? '' : `given so far by ${givers}`]
  return ` (${said.filter((one) => one !== '').join(', ')})`.replace(' ()', '')
}

function named({ machine }: Simulation, id: Id, asker: Id): string {
  if (id === asker) return 'itself'
  return machine.tasks.get(id)?.ended === false ? id : `${id}, which has ended`
}

function goingOn({ machine }: Simulation, stuck: readonly Id[]): string {
  const out = new Set(stuck)
  const ids: Id[] = []
  for (const task of machine.tasks.values()) {
    if (task.ended || task.program === null || out.has(task.id)) continue
    if (task.slot >= 0 || machine.thread(task).timer !== 0) ids.push(task.id)
  }
  return ids.length <= NAMED_MAX ? listed(ids) : `${ids.length} others`
}

/** `P`, `P and Q`, `P, Q and R`. */
function listed(ids: readonly string[]): string {
  const last = ids.at(-1) ?? ''
  return ids.length < 2 ? last : `${ids.slice(0, -1).join(', ')} and ${last}`
}
