/**
 * The three kinds of things that go wrong, kept apart because they are three different people's fault:
 * a simulated program's (`CallError`: it got the modelled system's own error), the user's (`BadInput`:
 * one clear sentence, exit code 2), and ours (`KernelPanic`: an invariant of the simulator is broken).
 */

/** An error that the modelled system returns to a program. `code` is the system's own name, such as `'EAGAIN'`. */
export class CallError extends Error {
  readonly code: string
  /** The call that failed, such as `'sem_wait'`. */
  readonly call: string
  /** What the system hands back beside the code (a header, returned rights); `null` when nothing. */
  readonly detail: unknown

  constructor(code: string, call: string, detail: unknown = null) {
    super(`${call}: ${code}`)
    this.code = code
    this.call = call
    this.detail = detail
  }
}
CallError.prototype.name = 'CallError'

/** Errors of POSIX calls and of the kernel's own process calls: `code` is the errno's name. */
export class PosixError extends CallError {}
PosixError.prototype.name = 'PosixError'

/** A simulated program's access to memory faulted and the program caught the signal: `code` is `'SIGSEGV'` or `'SIGBUS'`. */
export class MemoryFault extends CallError {}
MemoryFault.prototype.name = 'MemoryFault'

/**
 * Something that the user gave us cannot be used: a file, a flag, a parameter, a program that yields rubbish.
 * The message says what, where, and what to do; the command line prints it alone and exits with 2.
 */
export class BadInput extends Error {}
BadInput.prototype.name = 'BadInput'

/** An impossible state in the simulator itself. The message names the invariant; `decisions` are the choices that led there. */
export class KernelPanic extends Error {
  readonly invariant: string
  decisions: readonly string[] = []

  constructor(invariant: string) {
    super(`kernel panic: ${invariant}`)
    this.invariant = invariant
  }
}
KernelPanic.prototype.name = 'KernelPanic'

/** One fact that must hold, one call; `about` names what it is about, put into words only when it does not. */
export function invariant(holds: boolean, fact: string, about: unknown = null): asserts holds {
  if (!holds) throw new KernelPanic(about === null ? fact : `${fact} (${String(about)})`)
}

/** Error objects without a captured stack: a program that fails ten million times must not pay for a trace nobody reads. */
export function cheaply<E>(make: () => E): E {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = limit
  }
}
