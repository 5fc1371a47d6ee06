import { type Args, type Call, call, defineCall } from './call.ts'
import { cheaply, PosixError } from './errors.ts'
import { done } from './kernel.ts'

/** Calls that belong to the laboratory rather than to any kernel: notes, checks, choices. */

const error = (code: string, name: string) => cheaply(() => new PosixError(code, name))

interface Text extends Args {
  readonly text: string
}

const logDef = defineCall<Text, void>({
  name: 'log',
  error,
  stages: [],
  local: (machine, { text }) => machine.log(text),
})

/** Writes a line into the trace. No transition: it rides with the one before it. */
export const log = (text: string): Call<void> => call(logDef, { text })

interface Claim extends Args {
  readonly holds: boolean
  readonly text: string
}

const assertDef = defineCall<Claim, void>({
  name: 'assert',
  error,
  stages: [],
  local(machine, { holds, text }) {
    if (!holds) machine.fail('assertion', text)
  },
})

/** A claim that must hold whenever this line is reached; if not, the run has failed. No transition. */
export const assert = (holds: boolean, text = 'an assertion of the program'): Call<void> =>
  call(assertDef, { holds, text })

const assumeDef = defineCall<{ readonly holds: boolean }, void>({
  name: 'assume',
  error,
  stages: [],
  local(machine, { holds }) {
    if (!holds) machine.prune()
  },
})

/** Only runs in which this holds are of interest: any other is given up here, and counts neither way. No transition. */
export const assume = (holds: boolean): Call<void> => call(assumeDef, { holds })

const chooseDef = defineCall<{ readonly n: number }, number>({
  name: 'choose',
  error,
  stages: [
    {
      attempt: (kernel, thread, { n }) => done(kernel, kernel.door.pick('choose', thread.id, n, String)),
    },
  ],
})

/** An arbitrary number from 0 to n - 1: exploring tries them all. `n` is at least 1. */
export function choose(n: number): Call<number> {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`choose(n) takes a whole number of at least 1, not ${n}`)
  return call(chooseDef, { n })
}
