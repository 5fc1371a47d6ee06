import { BadInput, type Machine } from '../kernel/index.ts'

/**
 * A choice by its identity, so that a schedule means the same whatever order options are listed in:
 * `P` thread P takes its next step, `!P` its timer fires, `?2` a choice inside the step before fell on 2,
 * `>Q` a wake-up inside the step before fell on Q.
 */
export type Choice = string

export const TIMER = '!'
export const CHOSEN = '?'
export const WOKEN = '>'

/** The identity of an option that the machine has now. */
export function choiceOf(machine: Machine, option: number): Choice {
  if (option < machine.ready.size) return machine.ready.at(option).id
  return TIMER + (machine.state.timers[0]?.thread ?? '')
}

/** The option that a choice names, -1 when the machine does not have it now. */
export function optionOf(machine: Machine, choice: Choice): number {
  if (!choice.startsWith(TIMER)) return machine.tasks.get(choice)?.slot ?? -1
  return machine.state.timers[0]?.thread === choice.slice(1) ? machine.ready.size : -1
}

/** Whether the option takes the processor from a running thread that could go on. */
export const isPreemption = (machine: Machine, option: number): boolean =>
  option !== 0 && option < machine.ordinary && machine.runningGoesOn

/** Every option that the machine has now, for people to read. */
export function choicesOf(machine: Machine): Choice[] {
  return Array.from({ length: machine.options }, (_, option) => choiceOf(machine, option))
}

/** The thread or process that a choice is about; not for choices inside a step. */
export const threadOfChoice = (choice: Choice): string => (choice.startsWith(TIMER) ? choice.slice(1) : choice)

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
        `'${word}' in the schedule is no choice; write thread names, P*3 for three times P, !P for its timer, ?2 for a choice of 2`,
      )
    }
    for (let i = 0; i < count; i++) choices.push(choice)
  }
  return choices
}
