import type { Shown } from '../../trace/index.ts'
import { stateLines } from '../draw/state.ts'
import { waitingLines } from '../draw/verdict.ts'
import type { Terminal } from '../terminal.ts'
import { shortened } from './report.ts'
import type { Session } from './session.ts'

/** The machine as it stands, a piece at a time. */

export type TableName = 'processes' | 'queues' | 'objects' | 'changes' | 'waits'

const NOTHING: Pick<Shown, 'processes' | 'threads' | 'queues' | 'objects' | 'timers' | 'changes'> = {
  processes: [],
  threads: [],
  queues: [],
  objects: [],
  timers: [],
  changes: [],
}

const EMPTY: { readonly [K in TableName]: string } = {
  processes: 'there are no processes',
  queues: 'nobody is in a queue',
  objects: 'there are no objects',
  changes: 'nothing has changed yet',
  waits: 'nobody waits',
}

export function tableLines(name: TableName, session: Session, paper: Pick<Terminal, 'colors' | 'width'>): string[] {
  const lines = name === 'waits' ? waits(session, paper) : pieceOf(name, session, paper)
  return lines.length === 0 ? [EMPTY[name]] : lines
}

const waits = ({ waiting, review }: Session, { colors }: Pick<Terminal, 'colors'>): string[] =>
  waitingLines(shortened(waiting), review, colors)

function pieceOf(
  name: Exclude<TableName, 'waits'>,
  { shown, steps }: Session,
  paper: Pick<Terminal, 'colors' | 'width'>,
): string[] {
  const { processes, threads, queues, objects, timers, changes } = shown
  const piece = {
    processes: { processes, threads, timers },
    queues: { queues },
    objects: { objects },
    changes: { changes },
  }[name]
  const [about = '', , ...lines] = stateLines({ ...shown, ...NOTHING, ...piece }, steps, paper)
  return lines.length > 0 && name === 'changes' ? [about, ...lines.slice(1)] : lines
}
