import { draftsAgree } from '../../helpers/drafts-agree.ts'
import { posixCases, posixScenario } from '../../helpers/random-posix.ts'
import { Stepper } from '../../helpers/stepper.ts'

draftsAgree(
  'POSIX',
  posixCases,
  (one, transact, once) => new Stepper(posixScenario(one), one.seed, transact, once),
  150,
)
