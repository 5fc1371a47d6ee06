import { describeEvent, type ObjectRow, type ProcessRow, type Shown } from '../../trace/index.ts'
import type { Terminal } from '../terminal.ts'
import { cut, indent, table } from './table.ts'

/** The machine at a step, as tables. */

export function stateLines(
  shown: Shown,
  steps: number,
  { colors, width }: Pick<Terminal, 'colors' | 'width'>,
): string[] {
  const { step, event, time, processes, threads, queues, objects, timers, changes } = shown
  const head = colors.bold(`step ${step} of ${steps}`)
  const about = event === null ? 'before the first step' : describeEvent(event)
  const lines = [`${head}  ${about}${time > 0 ? `  (${time} ns)` : ''}`]
  const section = (title: string, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', title, ...indent(body))
  }
  const rows = (headings: readonly string[], body: readonly (readonly string[])[]): string[] =>
    body.length === 0 ? [] : table(headings, body, colors.dim)

  section('changed', changes)
  section('processes', rows(['pid', 'name', 'status', 'threads', 'descriptors', 'memory'], processes.map(processRow)))
  section(
    'threads',
    rows(
      ['thread', 'status', 'call', 'sleeps on', 'signals'],
      threads.map(({ thread, status, call, queue, signals }) => [thread, status, call, queue, signals.join(', ')]),
    ),
  )
  section(
    'queues',
    rows(
      ['queue', 'who sleeps, first come first'],
      queues.map(({ queue, sleepers }) => [queue, sleepers.join(', ')]),
    ),
  )
  section(
    'objects',
    rows(['kind', 'name', 'fields'], objects.map(objectRow)).map((line) => cut(line, width - 2)),
  )
  section(
    'timers',
    rows(
      ['thread', 'at'],
      timers.map(({ thread, at }) => [thread, `${at} ns`]),
    ),
  )
  return lines
}

function processRow({ pid, name, status, threads, descriptors, mappings }: ProcessRow): string[] {
  return [
    String(pid),
    name,
    status,
    threads.join(' '),
    descriptors.map(({ fd, what }) => `${fd}: ${what}`).join(', '),
    mappings.map(({ at, bytes, how, what }) => `${what} at ${at} (${bytes} bytes, ${how})`).join(', '),
  ]
}

const objectRow = ({ kind, label, fields }: ObjectRow): string[] => [
  kind,
  label === kind ? '' : label,
  fields.map(({ name, value }) => `${name} ${value}`).join(', '),
]
