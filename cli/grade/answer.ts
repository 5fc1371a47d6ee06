import { existsSync, readFileSync, statSync } from 'node:fs'
import { BadInput, type Scenario } from '../../kernel/index.ts'
import { type Choice, readSchedule } from '../../scheduler/index.ts'
import { fullNames } from '../schedule.ts'
import { keptIn } from '../step/opened.ts'
import type { Settings } from '../step/place.ts'

/** What is handed in to be graded: a saved schedule, a trace, a text file with a schedule in it, or the schedule itself. */

export interface Answer {
  readonly name: string
  readonly choices: readonly Choice[]
  /** What its maker ran it with, and what it came to then; `null` where it does not say. */
  readonly made: Pick<Settings, 'params' | 'wakeOrder'> | null
}

/** @throws BadInput for what can't be read as a schedule */
export function readAnswer(given: string, scenario: Scenario, settings: Settings): Answer {
  if (statSync(given, { throwIfNoEntry: false })?.isFile() !== true) {
    if (existsSync(given)) throw new BadInput(`${given} is a folder; name the schedules in it`)
    if (/\.\w{1,8}$/.test(given) && !/\s/.test(given))
      throw new BadInput(
        `there is no file ${given}; 'ipclab step' saves schedules, and a text such as "P P C" will do, too`,
      )
    return { name: `"${given}"`, choices: inWords(given, scenario, settings), made: null }
  }
  const text = readFileSync(given, 'utf8')
  if (/^\s*\{/.test(text) || text.trim() === '') {
    const kept = keptIn(given)
    if (kept === null) throw new BadInput(`${given} is a scenario, and no schedule`)
    const { params, wakeOrder } = kept
    return { name: given, choices: kept.steps.map(({ choice }) => choice), made: { params, wakeOrder } }
  }
  try {
    const words = text.replace(/^\s*#.*$/gm, '')
    return { name: given, choices: inWords(words, scenario, settings), made: null }
  } catch (error) {
    if (error instanceof BadInput) throw new BadInput(`${given}: ${error.message}`)
    throw error
  }
}

function inWords(text: string, scenario: Scenario, { params, wakeOrder }: Settings): Choice[] {
  const choices = readSchedule(text)
  if (choices.length === 0) throw new BadInput('the schedule is empty; write who goes, as in "P P C"')
  return fullNames(choices, scenario, { params, wakeOrder })
}
