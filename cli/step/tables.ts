import type { Shown } from '../../trace/index.ts'
import { stateLines } from '../draw/state.ts'
import { indent, table } from '../draw/table.ts'
import { waitingLines } from '../draw/verdict.ts'
import { type Paper, shortened } from './report.ts'
import type { Session } from './session.ts'

/** The machine as it stands, a piece at a time. */

export type TableName = 'processes' | 'queues' | 'objects' | 'changes' | 'waits'

const TABLES: { readonly [K in TableName]: (session: Session, paper: Paper) => string[] } = {
  processes: (session, paper) => {
    const { processes, timers } = session.shown
    return [...threads(session, paper), '', ...pieces(session, paper, { processes, timers })]
  },
  queues,
  objects: (session, paper) => pieces(session, paper, { objects: session.shown.objects }),
  changes: (session, paper) => {
    const { steps, shown } = session
    const lines = pieces(session, paper, { changes: shown.changes })
    return lines.length === 0 ? [] : [stateLines(shown, steps, paper)[0] ?? '', ...lines.slice(1)]
  },
  waits: ({ waiting, review }, { colors }) => waitingLines(shortened(waiting), review, colors),
}

const EMPTY: { readonly [K in TableName]: string } = {
  processes: 'there are no processes',
  queues: 'nobody is in a queue',
  objects: 'there are no objects',
  changes: 'nothing has changed yet',
  waits: 'nobody waits',
}

export function tableLines(name: TableName, session: Session, paper: Paper): string[] {
  const lines = TABLES[name](session, paper)
  return lines.length === 0 ? [EMPTY[name]] : lines
}

const NOTHING: Pick<Shown, 'processes' | 'threads' | 'queues' | 'objects' | 'timers' | 'changes'> = {
  processes: [],
  threads: [],
  queues: [],
  objects: [],
  timers: [],
  changes: [],
}

/** Some of the tables of `ipclab show`. */
const pieces = ({ shown, steps }: Session, paper: Paper, wanted: Partial<Shown>): string[] =>
  stateLines({ ...shown, ...NOTHING, ...wanted }, steps, paper).slice(2) // without its headline

/** Who waits is told here, too, where no queue has a mark of it. */
function threads(session: Session, { colors }: Paper): string[] {
  const { shown, waiting } = session
  const waits = new Set(waiting.map(({ thread }) => thread))
  const rows = shown.threads.map(({ thread, process, status, queue, signals }) => [
    thread,
    process === thread ? '' : process,
    status === 'ready' && waits.has(thread) ? 'waits' : status,
    session.callOf(thread),
    queue,
    signals.join(', '),
  ])
  return [
    'threads',
    ...indent(table(['thread', 'process', 'status', 'call', 'sleeps on', 'signals'], rows, colors.dim)),
  ]
}

/** The queues that there are, and who waits without a place in any. */
function queues({ shown, waiting }: Session, { colors }: Paper): string[] {
  const queued = new Set(shown.queues.flatMap(({ sleepers }) => sleepers))
  const loose = new Map<string, string[]>()
  for (const { thread, object } of waiting) {
    if (!queued.has(thread)) loose.set(object, [...(loose.get(object) ?? []), thread])
  }
  const rows = [
    ...shown.queues.map(({ queue, sleepers }) => [queue, sleepers.join(', '), 'as they came']),
    ...[...loose].map(([object, who]) => [object, who.join(', '), 'none']),
  ]
  return rows.length === 0 ? [] : ['queues', ...indent(table(['for', 'who waits', 'order'], rows, colors.dim))]
}
