import { BadInput, type BootOptions, boot, type Scenario } from '../kernel/index.ts'
import { type Choice, isPick, threadOfChoice, WOKEN } from '../scheduler/index.ts'
import { nearest } from '../trace/scenario-file/words.ts'

/** Schedules as people write them: a name may be cut short as long as it fits one thread only. */

/** The choices with whole names in them. @throws BadInput for a name that nobody has */
export function fullNames(
  choices: readonly Choice[],
  scenario: Scenario,
  options: Omit<BootOptions, 'door'>,
): Choice[] {
  const names = Object.keys(boot(scenario, { ...options, door: { pick: () => 0 } }).state.threads)
  const known = new Map<string, string>()
  return choices.map((choice) => {
    if (isPick(choice) && !choice.startsWith(WOKEN)) return choice
    const name = choice.startsWith(WOKEN) ? choice.slice(WOKEN.length) : threadOfChoice(choice)
    const full = known.get(name) ?? fullName(name, names)
    known.set(name, full)
    const at = choice.startsWith(name) ? 0 : 1 // behind its mark
    return choice.slice(0, at) + full + choice.slice(at + name.length)
  })
}

function fullName(name: string, names: readonly string[]): string {
  if (names.includes(name)) return name
  // Threads that are made on the way are named after who makes them.
  const [parent = ''] = name.split(/[/.]/)
  if (parent !== name && names.includes(parent)) return name
  const sharp = names.filter((one) => one.startsWith(name))
  const fitting = sharp.length > 0 ? sharp : names.filter((one) => one.toLowerCase().startsWith(name.toLowerCase()))
  const [one, ...more] = fitting
  if (one !== undefined && more.length === 0) return one
  if (one !== undefined)
    throw new BadInput(
      `'${name}' in the schedule fits ${fitting.join(', ')}; write enough of the name to tell them apart`,
    )
  const near = nearest(name, names)
  const hint = near === null ? '' : `; did you mean ${near}?`
  throw new BadInput(`the schedule names '${name}', and there is no such thread: there are ${names.join(', ')}${hint}`)
}
