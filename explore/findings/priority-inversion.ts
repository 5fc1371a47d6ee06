import { at, inWords, stepsInWords } from '../story/phrases.ts'
import type { SecondLook } from '../story/second-look.ts'
import type { Finding } from './finding.ts'

/**
 * Priority inversion: a thread waits for an object that a less urgent one holds, and one of a priority between the two,
 * that has nothing to do with the object, takes steps although the holder could go on. Only such steps count as the most
 * urgent of those that could go on took: what a decider that knows no priorities does against them is no inversion.
 * Sha, Rajkumar, Lehoczky: Priority inheritance protocols, IEEE Transactions on Computers 39 (9), 1990.
 */
export function priorityInversions({ urgency, review, ledger }: SecondLook): Finding[] {
  return urgency.inversions
    .filter(
      ({ object, middle }) =>
        ![...ledger.takers(object), ...ledger.givers(object)].some(({ thread }) => thread === middle),
    )
    .map(({ object, high, low, middle, priorities, steps }) => {
      const [first = 0] = steps
      const wait = review.waits.findLast(({ thread, from }) => thread === high && from < first)
      const held = ledger.takers(object).findLast(({ thread, step }) => thread === low && step < first)
      const since = wait === undefined ? '' : ` since step ${wait.from}${at(wait.line)}`
      const by = held === undefined ? '' : ` since step ${held.step}${at(held.site)}`
      return {
        name: 'priority inversion',
        object,
        threads: [high, middle, low],
        steps: [...(held === undefined ? [] : [held.step]), ...steps],
        text:
          `${high} (priority ${priorities[0]}) waits for ${object}${since}, which ${low} (priority ${priorities[1]}) holds${by}; ` +
          `${middle}, which is between the two and does not need it, takes ${inWords(steps.length, 'step')} ` +
          `(${stepsInWords(steps)}) although ${low} could go on`,
      }
    })
}
