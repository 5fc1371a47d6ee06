import {
  type Args,
  type Call,
  call,
  type Data,
  type Definition,
  defineCall,
  done,
  fail,
  type Kernel,
  type Outcome,
  type Thread,
} from '../../kernel/index.ts'
import { error, type MachErrorCode } from './errors.ts'
import type { SpaceRef } from './space.ts'
import { spaceOfTask } from './task.ts'

/** Calls that go to a task's port: one stage each, done in the name space of the task that they are told. */

interface TaskArgs extends Args {
  readonly task: number
}

/** What such a call comes to: what it returns, or why it fails. */
export type Answer<R> = { readonly value: R } | { readonly failed: MachErrorCode; readonly detail?: Data }

export const OK: Answer<void> = { value: undefined }

export const answerOf = (code: MachErrorCode | 'KERN_SUCCESS'): Answer<void> =>
  code === 'KERN_SUCCESS' ? OK : { failed: code }

/** Defines a call: `perform` is given the name space that it is about. */
export function taskCall<A extends TaskArgs, R>(
  name: string,
  perform: (kernel: Kernel, space: SpaceRef, args: A, thread: Thread) => Answer<R>,
): (args: A) => Call<R> {
  const def: Definition<A, R> = defineCall<A, R>({
    name,
    error,
    stages: [
      {
        attempt(kernel, thread, args): Outcome {
          const space = spaceOfTask(kernel, thread, args.task)
          if (space === null) return fail(kernel, 'MACH_SEND_INVALID_DEST') // its port is dead
          const answer = perform(kernel, space, args, thread)
          return 'failed' in answer ? fail(kernel, answer.failed, answer.detail ?? null) : done(kernel, answer.value)
        },
      },
    ],
  })
  return (args) => call(def, args)
}
