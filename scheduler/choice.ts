import { BadInput, type Fault, type Machine } from '../kernel/index.ts'

/**
 * A choice by its identity, so that a schedule means the same whatever order options are listed in:
 * `P` thread P takes its next step, `!P` its timer fires, `?2` a choice inside the step before fell on 2,
 * `>Q` a wake-up inside the step before fell on Q. Faults: `-P` process P is killed, `^P:SIGUSR1` that signal is sent to
 * it, `~P` thread P's wait ends spuriously, `!P` its timer fires before others that are due earlier.
 */
export type Choice = string

export const TIMER = '!'
export const CHOSEN = '?'
export const WOKEN = '>'
export const KILLED = '-'
export const SENT = '^'
export const SPURIOUS = '~'

/** What the choice of a fault begins with; but for a timer that fires out of order, which looks like any. */
export const FAULT: ReadonlySet<string> = new Set([KILLED, SENT, SPURIOUS])
/** What the choices of steps begin with that are not a thread's own. */
const MARKS: ReadonlySet<string> = new Set([TIMER, ...FAULT])

/** The identity of an option that the machine has now. */
export function choiceOf(machine: Machine, option: number): Choice {
  if (option < machine.ready.size) return machine.ready.at(option).id
  const fault = option < machine.ordinary ? undefined : machine.faults[option - machine.ordinary]
  return fault === undefined ? TIMER + (machine.state.timers[0]?.thread ?? '') : choiceOfFault(fault)
}

function choiceOfFault(fault: Fault): Choice {
  switch (fault.kind) {
    case 'kill':
      return KILLED + fault.process
    case 'sent':
      return `${SENT}${fault.process}:${fault.signal}`
    case 'spurious':
      return SPURIOUS + fault.thread
    case 'timeout':
      return TIMER + fault.thread
    default:
      return fault satisfies never
  }
}

/** The option that a choice names, -1 when the machine does not have it now. */
export function optionOf(machine: Machine, choice: Choice): number {
  if (!MARKS.has(choice.charAt(0))) return machine.tasks.get(choice)?.slot ?? -1
  if (choice.startsWith(TIMER) && machine.state.timers[0]?.thread === choice.slice(1)) return machine.ready.size
  const at = machine.faults.findIndex((fault) => choiceOfFault(fault) === choice)
  return at < 0 ? -1 : machine.ordinary + at
}

/** Whether the option takes the processor from a running thread that could go on. */
export const isPreemption = (machine: Machine, option: number): boolean =>
  option !== 0 && option < machine.ordinary && machine.runningGoesOn

/** Every option that the machine has now, for people to read. */
export function choicesOf(machine: Machine): Choice[] {
  return Array.from({ length: machine.options }, (_, option) => choiceOf(machine, option))
}

/** The thread or process that a choice is about; not for choices inside a step. */
export function threadOfChoice(choice: Choice): string {
  if (!MARKS.has(choice.charAt(0))) return choice
  return choice.slice(1, choice.startsWith(SENT) ? choice.lastIndexOf(':') : undefined)
}

/** Whether the choice is one inside a step. */
export const isPick = (choice: Choice): boolean => choice.startsWith(CHOSEN) || choice.startsWith(WOKEN)

/** Writes a schedule short: `P*3 C !P`. */
export function writeSchedule(choices: readonly Choice[]): string {
  const words: string[] = []
  for (let i = 0; i < choices.length; ) {
    const choice = choices[i] ?? ''
    let end = i + 1
    while (choices[end] === choice) end += 1
    words.push(end - i === 1 ? choice : `${choice}*${end - i}`)
    i = end
  }
  return words.join(' ')
}

/** Reads what `writeSchedule` wrote, or a person: words separated by spaces or commas, `P*3` for three times P. */
export function readSchedule(text: string): Choice[] {
  const choices: Choice[] = []
  for (const word of text.split(/[\s,]+/)) {
    if (word === '') continue
    const [, choice, times] = /^(.*?)(?:\*(\d+))?$/.exec(word) ?? []
    const count = times === undefined ? 1 : Number(times)
    if (choice === undefined || choice === '' || count < 1 || count > 1e7) {
      throw new BadInput(
        `'${word}' in the schedule is no choice; write thread names, P*3 for three times P, !P for its timer, ?2 for a choice of 2, -P for its end`,
      )
    }
    for (let i = 0; i < count; i++) choices.push(choice)
  }
  return choices
}
