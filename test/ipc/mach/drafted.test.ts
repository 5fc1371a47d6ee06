import { draftsAgree } from '../../helpers/drafts-agree.ts'
import { Stepper } from '../../helpers/stepper.ts'
import { machCases, scenarioOf } from './programs.ts'

draftsAgree('Mach', machCases, (one, transact, once) => new Stepper(scenarioOf(one), one.seed, transact, once), 80)
