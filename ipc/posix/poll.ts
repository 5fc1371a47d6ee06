import { type Args, type Call, call, defineCall, done, fail, type Kernel, type Thread } from '../../kernel/index.ts'
import { integer, posixError } from './args.ts'
import { openFileAt } from './file.ts'
import { POLLERR, POLLHUP, POLLNVAL } from './flags.ts'
import { operationsOf } from './operations.ts'

/** poll(2): waiting for any of several descriptors. */

/** struct pollfd. */
export interface PollFd {
  /** One below 0 is passed over. */
  readonly fd: number
  /** POLLIN, POLLOUT, POLLRDHUP: what is asked for. POLLERR, POLLHUP and POLLNVAL are told in any case. */
  readonly events: number
}

interface PollArgs extends Args {
  readonly fds: readonly { readonly fd: number; readonly events: number }[] | null
  /** In ms; below 0: no limit. */
  readonly timeout: number
}

const ALWAYS = POLLERR | POLLHUP | POLLNVAL
const NS_PER_MS = 1e6
const FDS_MAX = 20000

function look(kernel: Kernel, thread: Thread, fds: readonly PollFd[]): number[] {
  return fds.map(({ fd, events }) => {
    if (fd < 0) return 0
    const open = openFileAt(kernel, thread, fd)
    return open === null ? POLLNVAL : operationsOf(open).poll(kernel, open, events) & (events | ALWAYS)
  })
}

const isAny = (told: readonly number[]): boolean => told.some((flags) => flags !== 0)

const pollDef = defineCall<PollArgs, readonly number[]>({
  name: 'poll',
  error: posixError,
  synchronizes: 'acquires',
  stages: [
    {
      // Nothing is taken, so nobody minds who looks first: all whom it concerns go on, under every wake order.
      order: () => 'any',
      canProceed: (kernel, thread, { fds, timeout }) =>
        fds === null || fds.length > FDS_MAX || timeout === 0 || isAny(look(kernel, thread, fds)),
      attempt(kernel, thread, { fds }) {
        if (fds === null) return fail(kernel, 'EFAULT')
        if (fds.length > FDS_MAX) return fail(kernel, 'EINVAL')
        return done(kernel, look(kernel, thread, fds))
      },
    },
  ],
  deadline: (kernel, _thread, { timeout }) => (timeout < 0 ? null : kernel.state.clock + timeout * NS_PER_MS),
  giveUp: (kernel, thread, { fds }, reason) =>
    reason === 'timeout' ? done(kernel, look(kernel, thread, fds ?? [])) : fail(kernel, 'EINTR'),
  interruptible: true,
  waitsFor: (_kernel, _thread, { fds }) => ({ object: subject(fds) }),
  subject: (_kernel, _thread, { fds }) => subject(fds),
})

const subject = (fds: PollArgs['fds']): string => `any of descriptors ${(fds ?? []).map(({ fd }) => fd).join(', ')}`

/**
 * Waits until one of the descriptors is ready for what is asked; returns what each is ready for, 0 for nothing. A
 * signal handler ends the wait also with SA_RESTART.
 * @param timeout in ms; 0: does not wait, below 0: waits for ever
 * @throws PosixError EFAULT (no list), EINVAL (too long a list), EINTR. poll(2)
 */
export function poll(fds: readonly PollFd[], timeout = -1): Call<readonly number[]> {
  return call(pollDef, { fds: listed(fds), timeout: Number.isSafeInteger(timeout) ? integer(timeout) : -1 })
}

function listed(fds: unknown): PollArgs['fds'] {
  if (!Array.isArray(fds)) return null
  const list: { fd: number; events: number }[] = []
  for (const one of fds as Partial<PollFd>[]) {
    if (typeof one !== 'object' || one === null) return null
    list.push({ fd: integer(one.fd), events: integer(one.events) & 0xffff })
  }
  return list
}
