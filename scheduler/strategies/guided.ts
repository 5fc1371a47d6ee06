import type { Machine } from '../../kernel/index.ts'
import { CHOSEN, type Choice, isPick, optionOf, threadOfChoice, WOKEN } from '../choice.ts'
import type { Decider } from '../decider.ts'

/** A choice, and the call that was made by it, so that the same place is found again in a program that has changed since. */
export interface ScheduledStep {
  readonly choice: Choice
  /** `null` where none was made, or it is not known. */
  readonly call: string | null
}

/** Where a schedule and the machine parted, and what was done about it. */
export interface Guess {
  /** From 1. */
  readonly step: number
  readonly text: string
}

export interface Guided extends Decider {
  /** Of the run under way, or just over. */
  readonly guesses: readonly Guess[]
  /** Every step of the schedule has been made or left out. */
  readonly over: boolean
}

/** Calls that a thread may make in a row without the schedule knowing them. */
const STRANGE_MAX = 64

/**
 * Follows a schedule by identity as far as that goes, in a program that may not be the one it was made for: a choice
 * that can't happen is left out, a thread that makes a call of which the schedule does not know is let on to the one it
 * knows, a process that has another name is found if only one can be meant. Behind the schedule's end the running thread
 * goes on, or the first that can. It makes one run.
 * @param edit what has happened to the program, where it can be taken both ways: calls were removed, or added
 */
export function guided(schedule: readonly (Choice | ScheduledStep)[], edit: 'removed' | 'added' = 'removed'): Guided {
  const choices = schedule.map((step) => (typeof step === 'string' ? step : step.choice))
  const calls = schedule.map((step) => (typeof step === 'string' ? null : step.call))
  let at = 0
  let step = 0
  let strange = 0
  let guesses: Guess[] = []
  let renamed: { from: string; to: string } | null = null

  const guess = (text: string): void => void guesses.push({ step, text })

  function next(machine: Machine): number {
    step += 1
    for (; at < choices.length; at++) {
      const choice = aliased(choices[at] as Choice) // at is below length
      if (isPick(choice)) {
        guess(`nothing is to be chosen, where the schedule chooses ${choice}`)
        continue
      }
      const option = optionOf(machine, choice)
      if (option < 0) {
        guess(`${choice} can't go on here, and is left out`)
        continue
      }
      const pending = machine.tasks.get(choice)?.pending?.def.name ?? null
      const known = calls[at] ?? null
      if (known === null || pending === null || pending === known) break
      if (edit === 'removed' && callAfter(at) === pending) {
        guess(`${choice} does not make ${known} any more`)
        continue
      }
      if (strange === STRANGE_MAX) break
      strange += 1
      guess(`${choice} makes ${pending}, of which the schedule does not know, before ${known}`)
      return option
    }
    strange = 0
    const choice = choices[at]
    if (choice === undefined) return 0
    at += 1
    return optionOf(machine, aliased(choice))
  }

  /** The call that the same thread makes after that place in the schedule. */
  function callAfter(place: number): string | null {
    const later = choices.indexOf(choices[place] as Choice, place + 1) // place is below length
    return calls[later] ?? null
  }

  function aliased(choice: Choice): Choice {
    if (renamed === null || isPick(choice) || threadOfChoice(choice) !== renamed.from) return choice
    return choice.replace(renamed.from, renamed.to)
  }

  return {
    name: 'guided',
    keepsTime: false,
    complete: false,
    get guesses() {
      return guesses
    },
    get over() {
      return at >= choices.length
    },
    begin({ machine }, index) {
      at = 0
      step = 0
      strange = 0
      guesses = []
      renamed = renaming(choices, [...machine.tasks.keys()])
      if (renamed !== null) guess(`${renamed.from} is taken to be ${renamed.to}`)
      return index === 0
    },
    next,
    pick(kind, _thread, count, label) {
      const choice = choices[at]
      if (choice === undefined || !isPick(choice)) {
        if (choice !== undefined) guess(`the first of ${count} is chosen, where the schedule chooses nothing`)
        return 0
      }
      at += 1
      const mark = kind === 'choose' ? CHOSEN : WOKEN
      for (let i = 0; i < count; i++) if (mark + label(i) === choice) return i
      guess(`${choice} is not there to be chosen; the first of ${count} is`)
      return 0
    },
  }
}

/** Names of processes that are there from the start. */
const PROGRAM = /^[\w$]+$/

/** If there is one thread that only the schedule knows, and one that only the program has, they are the same. */
function renaming(choices: readonly Choice[], threads: readonly string[]): { from: string; to: string } | null {
  const named = new Set<string>()
  for (const choice of choices) if (!isPick(choice)) named.add(threadOfChoice(choice))
  const gone = [...named].filter((name) => PROGRAM.test(name) && !threads.includes(name))
  const fresh = threads.filter((name) => !named.has(name))
  const [from] = gone
  const [to] = fresh
  return gone.length === 1 && fresh.length === 1 && from !== undefined && to !== undefined ? { from, to } : null
}
