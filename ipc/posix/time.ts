import { type Args, type Call, CLOCK, call, defineCall, done, fail, READ, SEQ_CST } from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from './flags.ts'

/** struct timespec. */
export interface Timespec {
  /** Seconds. */
  readonly tv_sec: number
  /** Nanoseconds, 0 to 999,999,999. */
  readonly tv_nsec: number
}

/** A time limit among a call's arguments. */
export interface Limit extends Args {
  readonly tv_sec: number
  readonly tv_nsec: number
}

export const NS_PER_S = 1e9

/** A limit as a call keeps it. What is no timespec becomes a malformed one. */
export function limit(time: Timespec): Limit {
  const given: Partial<Timespec> = typeof time === 'object' && time !== null ? time : {}
  return { tv_sec: integer(given.tv_sec), tv_nsec: integer(given.tv_nsec) }
}

export const isMalformed = ({ tv_nsec }: Limit): boolean => tv_nsec < 0 || tv_nsec >= NS_PER_S

/** The limit in virtual ns. */
export const asNs = ({ tv_sec, tv_nsec }: Limit): number => tv_sec * NS_PER_S + tv_nsec

/** A time given in virtual ns, such as `fromNs(deadline)`. */
export function fromNs(ns: number): Timespec {
  const tv_sec = Math.floor(ns / NS_PER_S)
  return { tv_sec, tv_nsec: ns - tv_sec * NS_PER_S }
}

const gettimeDef = defineCall<{ readonly clockid: number }, Timespec>({
  name: 'clock_gettime',
  error: posixError,
  stages: [
    {
      attempt(kernel, _thread, { clockid }) {
        if (clockid !== CLOCK_REALTIME && clockid !== CLOCK_MONOTONIC) return fail(kernel, 'EINVAL')
        kernel.footprint.add(CLOCK, 0, READ, SEQ_CST)
        return done(kernel, fromNs(kernel.state.clock))
      },
    },
  ],
})

/**
 * The virtual time. The real-time clock and the monotonic one are the same here, and nobody sets them.
 * @throws PosixError EINVAL. clock_gettime(2)
 */
export const clock_gettime = (clockid: number): Call<Timespec> => call(gettimeDef, { clockid: integer(clockid) })
