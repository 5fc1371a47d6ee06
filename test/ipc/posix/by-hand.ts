import {
  type Call,
  type Completion,
  Driver,
  type DriverOptions,
  type HandOutcome,
  type Id,
  sigactionByHand,
} from 'ipclab/kernel'
import { ftruncate, MAP_SHARED, mmap, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE, shm_open } from 'ipclab/posix'

/** Processes driven by hand, and what came of each call in a word: its value, an errno, a signal, `blocks`, `exit 1`, `killed SIGKILL`. */
export class Hand {
  readonly driver: Driver
  /** What the last call set loose, in order: `b: EINTR`. */
  released: string[] = []

  constructor(uids: { readonly [name: string]: number }, options: DriverOptions = {}) {
    this.driver = new Driver({ clock: 1e15, ...options })
    for (const [id, uid] of Object.entries(uids)) {
      this.driver.process({ id, uid })
      this.catchFaults(id)
    }
  }

  /** Faults are caught, or the first would kill the process. */
  catchFaults(id: Id): void {
    this.driver.perform(id, sigactionByHand('SIGSEGV', 'handler'))
    this.driver.perform(id, sigactionByHand('SIGBUS', 'handler'))
  }

  do(id: Id, call: Call<unknown>): unknown {
    const { outcome, completed } = this.driver.perform(id, call)
    this.released = completed.map(line)
    return word(outcome)
  }

  /** The same for a call that has to return a number. */
  number(id: Id, call: Call<number>): number {
    const value = this.do(id, call)
    if (typeof value !== 'number') throw new Error(`${id}: ${call.def.name} came to ${String(value)}`)
    return value
  }

  wait(ms: number): string[] {
    return this.driver.advanceClock(ms).map(line)
  }

  get blocked(): Id[] {
    return this.driver.blocked().map(({ thread }) => thread)
  }
}

/** Processes with a page of memory in common, each at the same address; its descriptor is 3. */
export function inCommon(...ids: string[]): { hand: Hand; at: number } {
  const hand = new Hand(Object.fromEntries(ids.map((id) => [id, 1000])))
  const addresses = ids.map((id) => {
    const fd = hand.number(id, shm_open('/m', O_CREAT | O_RDWR, 0o600))
    hand.do(id, ftruncate(fd, 4096))
    return hand.number(id, mmap(null, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0))
  })
  const [at] = addresses
  if (at === undefined || addresses.some((other) => other !== at)) throw new Error('it lies elsewhere in some')
  return { hand, at }
}

const line = ({ thread, outcome }: Completion): string => `${thread}: ${String(word(outcome))}`

function word(outcome: HandOutcome | null): unknown {
  if (outcome === null) return 'blocks'
  if (outcome.how === 'failed') return outcome.error.code
  if (outcome.how === 'returned') return outcome.value
  const { signal, code } = outcome.exit
  return signal === null ? `exit ${code}` : `killed ${signal}`
}
