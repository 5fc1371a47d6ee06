import type { Scenario } from '../../kernel/index.ts'
import type { LoadedScenario, Trace } from '../../trace/index.ts'
import { lookAgain, type SecondLook } from '../story/second-look.ts'
import { convoys } from './convoy.ts'
import type { Finding } from './finding.ts'
import { lostWakeUps } from './lost-wake-up.ts'
import { priorityInversions } from './priority-inversion.ts'
import { thunderingHerds } from './thundering-herd.ts'

/** What in a run has a name of its own, whether the run ended well or not: the run is made once more. */
export const findings = (given: LoadedScenario | Scenario, trace: Trace): Finding[] =>
  findingsOf(lookAgain(given, trace))

export const findingsOf = (look: SecondLook): Finding[] => [
  ...lostWakeUps(look),
  ...priorityInversions(look),
  ...convoys(look),
  ...thunderingHerds(look),
]
