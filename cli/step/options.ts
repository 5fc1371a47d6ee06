import type { Id, Machine, Task } from '../../kernel/index.ts'
import { isDue } from '../../kernel/signal.ts'
import { type Choice, choicesOf, isPick, isPreemption, optionOf, threadOfChoice } from '../../scheduler/index.ts'
import { lineOf } from '../../trace/index.ts'
import { placesOf } from '../../trace/labels.ts'
import { shortCall } from '../draw/call.ts'
import type { Place } from './place.ts'

/** What can come next, in words, each with a key of its own. */

export interface Option {
  /** What to press. A thread has the same key as long as the run lasts; '' where there are more than keys. */
  readonly key: string
  readonly choice: Choice
  /** Whom it is about. */
  readonly who: string
  /** What would be done: the call that the thread stands before. */
  readonly does: string
  /** Where in the scenario. */
  readonly line: string | null
  /** It went last, and can go on. */
  readonly running: boolean
  /** It takes the processor from one that could go on. */
  readonly preempts: boolean
}

const DIGITS = '123456789'
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Threads have digits, and letters where these don't do; what is no thread has a letter behind theirs. */
export function keyOfThread(threads: readonly Id[], thread: Id): string {
  const at = threads.indexOf(thread)
  return at < 0 ? '' : ((DIGITS + LETTERS)[at] ?? '')
}

export function optionsOf({ simulation, threads, question, outcome }: Place): Option[] {
  const { machine } = simulation
  const keys = new Keys(threads)
  if (question !== null) {
    return question.answers.map((choice, index) => {
      const answer = choice.slice(1)
      const does = question.kind === 'wake' ? 'is woken' : ''
      return { ...PLAIN, key: keys.ofAnswer(answer, index), choice, who: answer, does }
    })
  }
  if (outcome !== null) return []
  const options = choicesOf(machine).map((choice) => {
    const option = optionOf(machine, choice)
    const task = machine.tasks.get(choice)
    const preempts = isPreemption(machine, option)
    if (task === undefined) return { ...PLAIN, key: keys.next(), choice, ...beside(machine, choice), preempts }
    const running = option === 0 && machine.runningGoesOn
    const key = keyOfThread(threads, task.id)
    return { key, choice, who: task.id, does: doesNext(machine, task), line: lineOf(task), running, preempts }
  })
  // Threads in the order in which they appeared, wherever the machine has them; then the others as they came.
  const places = new Map(threads.map((thread, at) => [thread, at]))
  const placeOf = ({ choice }: Option): number => places.get(choice) ?? threads.length
  return options.sort((a, b) => placeOf(a) - placeOf(b))
}

const PLAIN = { line: null, running: false, preempts: false }

/** Gives letters to what is no thread. */
class Keys {
  readonly #threads: readonly Id[]
  #given: number

  constructor(threads: readonly Id[]) {
    this.#threads = threads
    this.#given = Math.max(0, threads.length - DIGITS.length)
  }

  next(): string {
    const key = LETTERS[this.#given] ?? ''
    this.#given += 1
    return key
  }

  /** A number is its own key, a thread has that which it always has. */
  ofAnswer(answer: string, index: number): string {
    if (this.#threads.includes(answer)) return keyOfThread(this.#threads, answer)
    return /^\d$/.test(answer) ? answer : (LETTERS[index] ?? '')
  }
}

/** The call that the thread stands before, or what comes before that. */
export function doesNext(machine: Machine, task: Task): string {
  const thread = machine.thread(task)
  const [signal] = thread.pending
  if (signal !== undefined && isDue(thread)) return `${signal} comes to it`
  const { call } = thread
  if (call === null) return ''
  const made = madeCall(machine, task)
  if (call.outcome !== null) return `${made} returns`
  return call.slept || call.stage > 0 ? `${made}, again` : made
}

export function madeCall(machine: Machine, task: Task): string {
  const { call, process } = machine.thread(task)
  return call === null ? '' : shortCall(call.name, call.args, placesOf(call.args, process, machine.state))
}

/** What is no thread's step: a timer, a fault. */
function beside(machine: Machine, choice: Choice): Pick<Option, 'who' | 'does' | 'line'> {
  const who = threadOfChoice(choice)
  const task = machine.tasks.get(who)
  const made = task === undefined ? '' : madeCall(machine, task)
  const line = task === undefined ? null : lineOf(task)
  switch (choice[0]) {
    case '!':
      return { who, does: `its time is up in ${made}`, line }
    case '~':
      return { who, does: `wakes for no reason in ${made}`, line }
    case '-':
      return { who, does: 'is killed', line: null }
    case '^':
      return { who, does: `is sent ${choice.slice(choice.lastIndexOf(':') + 1)}`, line: null }
    default:
      return { who, does: isPick(choice) ? choice : '', line: null }
  }
}
