import type { Machine } from '../kernel/index.ts'
import {
  CHOSEN,
  type Choice,
  choiceOf,
  type Decider,
  Departure,
  decider,
  deciders,
  type Recorder,
  replay,
  WOKEN,
} from '../scheduler/index.ts'
import type { Trace } from './trace.ts'

/**
 * The decider that makes the run of a trace again: it reads the choices. A run made under a policy is decided by that
 * policy once more, as it keeps the time, and held against the choices.
 * @param recorder told, under a policy, of who did what when
 */
export function deciderOf(
  { header, choices }: Pick<Trace, 'header' | 'choices'>,
  recorder: Recorder | null = null,
): Decider {
  const [name = ''] = header.decider.split(':')
  if (!Object.hasOwn(deciders, name)) return replay(choices, header.decider)
  const known = decider(header.decider, header.seed ?? '1', [], { ...header.machine, recorder })
  return known.keepsTime ? held(known, choices) : replay(choices, header.decider)
}

/** A decider held against the choices that it made before. */
function held(policy: Decider, choices: readonly Choice[]): Decider {
  let at = 0
  let step = 0

  function compare(found: Choice): void {
    const expected = choices[at]
    at += 1
    if (expected !== undefined && expected !== found) throw new Departure(step, expected, [found])
  }

  return {
    name: policy.name,
    keepsTime: true,
    complete: false,
    ...(policy.wakeOrder === undefined ? {} : { wakeOrder: policy.wakeOrder }),
    ...(policy.settings === undefined ? {} : { settings: policy.settings }),
    begin(simulation, index) {
      at = 0
      step = 0
      return policy.begin(simulation, index)
    },
    next(machine: Machine) {
      step += 1
      const option = policy.next(machine)
      compare(choiceOf(machine, option))
      return option
    },
    pick(kind, thread, count, label) {
      const index = policy.pick(kind, thread, count, label)
      compare((kind === 'choose' ? CHOSEN : WOKEN) + label(index))
      return index
    },
  }
}
