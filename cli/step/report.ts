import { basename } from 'node:path'
import { parameters } from '../../kernel/index.ts'
import { MAX_STEPS, type Waiting, writeSchedule } from '../../scheduler/index.ts'
import { nameOfFile, type Shown, type Trace } from '../../trace/index.ts'
import { shortEvent } from '../draw/call.ts'
import { swimlane } from '../draw/swimlane.ts'
import { indent, table } from '../draw/table.ts'
import { endingLines, waitingLines } from '../draw/verdict.ts'
import { quoted } from '../invocation.ts'
import type { Colors } from '../terminal.ts'
import type { Option } from './options.ts'
import type { Session } from './session.ts'

/** Where a run stands, for people and as data. */

export interface Paper {
  readonly colors: Colors
  readonly width: number
}

/** The steps so far, drawn. */
export function drawn({ trace, review, isOver }: Session, { colors, width }: Paper): readonly string[] {
  const known = pictures.get(trace)
  if (known !== undefined && known.width === width) return known.lines
  const drawing = { width, colors, stepsMax: Number.POSITIVE_INFINITY, last: isOver ? 'end' : 'now' }
  const lines = swimlane(trace, review, drawing)
  pictures.set(trace, { width, lines })
  return lines
}

/** The cursor moves more often than the run. */
const pictures = new WeakMap<Trace, { readonly width: number; readonly lines: readonly string[] }>()

export function headline({ loaded }: Session, { bold, dim }: Colors): string {
  const { title, expect } = loaded.scenario
  return `${bold(title)} ${dim(`(${nameOfFile(loaded.file)}; expects ${expect})`)}`
}

/** How far it has come. */
export function progressOf({ steps, preemptions, ahead }: Session): string {
  const more = ahead.length === 0 ? '' : `, more ahead`
  return `${count(steps, 'step')}, ${count(preemptions, 'preemption')}${more}`
}

export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** What is asked now. */
export function questionOf({ question, options }: Session): string {
  if (question === null) return options.length === 1 ? 'who goes next? only one can' : 'who goes next?'
  if (question.kind === 'wake') return `${question.step} wakes one of these: whom?`
  return `${question.step} makes a choice: which?`
}

/** Why a thread is not among those that could go. */
export function whyNot({ waiting, question, isOver }: Session, thread: string): string {
  if (isOver) return 'the run is over: nobody can go on; go back'
  if (question !== null)
    return `first the choice inside ${question.step}'s step; ${thread} is none of those to choose from`
  const waits = waiting.find((one) => one.thread === thread)
  return waits === undefined
    ? `${thread} has ended`
    : `${thread} can't go on: it waits in ${waits.call}(${waits.object})`
}

/** The file's own name is enough for people who know which scenario they look at. */
export const shortLine = (line: string | null): string => (line === null ? '' : basename(line))

/** With short lines. */
export const shortened = (waiting: readonly Waiting[]): Waiting[] =>
  waiting.map((one) => ({ ...one, line: one.line === null ? null : shortLine(one.line) }))

/** A step that was taken, in a line. */
export function stepLine({ trace, review }: Session, step: number): string {
  const event = trace.event(step)
  const woken = event.woken === undefined ? '' : `, wakes ${event.woken.join(', ')}`
  const log = event.log === undefined ? '' : `  “${event.log.join('”  “')}”`
  const line = event.line === undefined ? '' : `  ${shortLine(event.line)}`
  return `${String(step).padStart(4)}  ${event.thread}: ${shortEvent(event, review.places[step] ?? {})}${woken}${line}${log}`
}

export function optionRow({ key, who, does, line, running, preempts }: Option): string[] {
  return [key, who, does, shortLine(line), running ? 'goes on' : preempts ? 'preempts' : '']
}

/** Who could go next, or how the run ended; and who waits on what. */
export function standing(session: Session, colors: Colors): string[] {
  const { options, waiting, review, ending } = session
  if (ending !== null) {
    const waits = waitingLines(shortened(ending.failure?.waiting ?? []), review, colors)
    return [...endingLines(ending, colors), ...(waits.length === 0 ? [] : ['', ...waits]), '', metLine(session, colors)]
  }
  const rows = table(['key', 'who', 'does', 'at', ''], options.map(optionRow), colors.dim)
  const waits = waitingLines(shortened(waiting), review, colors)
  return [questionOf(session), ...indent(rows), ...(waits.length === 0 ? [] : ['', ...waits])]
}

/** Whether the ending is what the scenario expects. */
export function metLine({ isAsExpected, loaded, ending }: Session, { green, red, yellow }: Colors): string {
  const { expect } = loaded.scenario
  if (isAsExpected === true) return green(`as the scenario expects (${expect})`)
  if (isAsExpected === false) return red(`not as the scenario expects (${expect})`)
  if (ending?.ending === 'pruned') return yellow('a run that is given up counts neither way')
  return yellow(`this schedule does not bring about what the scenario expects (${expect})`)
}

/** All there is to say of where one stands. */
export function report(session: Session, paper: Paper): string[] {
  const { colors } = paper
  const schedule = session.choices.length === 0 ? '' : `: ${writeSchedule(session.choices)}`
  const lanes = session.steps === 0 ? [] : [...drawn(session, paper), '']
  return [
    headline(session, colors),
    '',
    ...lanes,
    `after ${progressOf(session)}${schedule}`,
    '',
    ...standing(session, colors),
  ]
}

/** Exit code of where one stands: only an ending that nobody expects is a failure. */
export function exitCodeOf({ isAsExpected, ending }: Session): 0 | 1 | 3 {
  if (isAsExpected === false) return 1
  return ending?.ending === 'pruned' ? 3 : 0
}

/** All of it, for programs. */
export function asData(session: Session): object {
  const { loaded, settings, steps, choices, preemptions, running, question, options, waiting, ending, shown } = session
  return {
    scenario: nameOfFile(loaded.file),
    title: loaded.scenario.title,
    expect: loaded.scenario.expect,
    ...settings,
    step: steps,
    preemptions,
    choices,
    schedule: writeSchedule(choices),
    running,
    question,
    options,
    waiting,
    ending: ending === null ? null : { ...ending, asExpected: session.isAsExpected },
    state: tables(shown),
  }
}

function tables({ time, processes, threads, queues, objects, timers, changes }: Shown): object {
  return { time, processes, threads, queues, objects, timers, changes }
}

/** What the run was made with beyond the scenario's own, as options of a command. */
export function settingsWords({ loaded, settings }: Session): string {
  const { scenario } = loaded
  const { params, wakeOrder, maxSteps } = settings
  const own = parameters(scenario)
  const sets = Object.entries(params).filter(([name, value]) => own[name] !== value)
  return [
    ...sets.map(([name, value]) => ` --set ${quoted(`${name}=${value}`)}`),
    ...(wakeOrder === (scenario.wakeOrder ?? 'any') ? [] : [` --wake-order ${wakeOrder}`]),
    ...(maxSteps === (scenario.maxSteps ?? MAX_STEPS) ? [] : [` --max-steps ${maxSteps}`]),
  ].join('')
}
