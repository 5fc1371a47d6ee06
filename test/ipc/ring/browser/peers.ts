import type { RingHandle, Woken } from 'ipclab/ring'
import { type Manner, type Receiver, receiver, type Sender, sender } from '../stress/ends.ts'

/** What a page, or a worker, does at its end of a ring. */

export interface Job {
  readonly handle: RingHandle
  readonly role: 'producer' | 'consumer'
  /** The number of this producer, or consumer. */
  readonly who: number
  readonly manner: Manner
  /** Messages to be moved, at least; a consumer may be told of the end before. */
  readonly count: number
}

/** Messages moved, by producer. */
export type Moved = Record<number, number>

export class Peer {
  /** Of `mpsc`, a producer's lane; of `mpmc`, the end's number. */
  readonly number: number
  readonly moved: Moved = {}
  readonly #job: Job
  readonly #end: Sender['end'] | Receiver['end']
  readonly #wait: (end: Sender['end'] | Receiver['end']) => Woken | Promise<Woken>
  /** Moves messages, if that can be done now: how many. */
  readonly #step: () => number
  readonly #flush: () => void

  /** @param wait how this thread waits */
  constructor(job: Job, wait: (end: Sender['end'] | Receiver['end']) => Woken | Promise<Woken>) {
    const { handle, manner, who, role } = job
    this.#job = job
    this.#wait = wait
    if (role === 'producer') {
      const { end, send, flush } = sender(handle, manner, who)
      this.#end = end
      this.#flush = flush
      this.#step = () => this.#count(who, send(this.moved[who] ?? 0))
    } else {
      const { end, receive } = receiver(handle, manner)
      const got = this.#inOrder()
      this.#end = end
      this.#flush = () => {}
      this.#step = () => receive(got)
    }
    const end = this.#end
    this.number = 'number' in end ? end.number : 'lane' in end ? end.lane : 0
  }

  #count(producer: number, some: number): number {
    this.moved[producer] = (this.moved[producer] ?? 0) + some
    return some
  }

  #inOrder(): (stamp: { producer: number; seq: number }) => void {
    const last: Moved = {}
    return ({ producer, seq }) => {
      const before = last[producer] ?? -1
      // Who follows a dead consumer begins anywhere, and who follows a dead producer sends its first again.
      if (before >= 0 && seq > 0 && !(this.#job.handle.kind === 'mpmc' ? seq > before : seq === before + 1))
        throw new Error(`after message ${before} of producer ${producer} comes ${seq}`)
      last[producer] = seq
      this.#count(producer, 1)
    }
  }

  /** Moves at least so many more messages: `ready`; or why it can't. */
  async move(least: number): Promise<Woken> {
    for (let moved = 0; moved < least; ) {
      const some = this.#step()
      moved += some
      if (some > 0) continue
      const woken = await this.#wait(this.#end)
      if (woken !== 'ready') return woken
    }
    this.#flush()
    return 'ready'
  }

  /** Moves all messages of its job, up to the end of the stream: what it has moved. */
  async play(): Promise<Moved> {
    const { handle, role, count } = this.#job
    const told = await this.move(count)
    if (told !== (role === 'producer' ? 'ready' : 'closed')) throw new Error(`a ${role} is told: ${told}`)
    // Of many producers none is to close the ring.
    if (role === 'producer' && handle.kind !== 'mpmc') this.#end.close()
    else this.#end.detach()
    return this.moved
  }
}
