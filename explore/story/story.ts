import type { Id } from '../../kernel/index.ts'
import type { Choice, Failure, Livelock } from '../../scheduler/index.ts'
import type { Finding } from '../findings/finding.ts'

/** The story of a failure, as data: who waits on whom and since when, where it became inevitable, and what it is called. */

/** A thread, and a step of it that matters. */
export interface Moment {
  readonly thread: Id
  /** `null`: it is known to be so, but not since when. */
  readonly step: number | null
  readonly line: string | null
}

/** Somebody who gives an object back, adds to it or signals it; where a thread waits to give, who takes. */
export interface Giver extends Moment {
  /**
   * By this run; by another one of the same scenario; by what the waiting call says of itself; or, where the object is a
   * word of memory that nobody gives, as the one who wrote it last.
   */
  readonly known: 'here' | 'elsewhere' | 'by the call' | 'by its writing'
}

/** A thread that waits when the run is over. */
export interface StoryWait extends Moment {
  /** As short as it can be read: `sem_wait(/mutex)`. */
  readonly call: string
  /** What it waits for, as a reader would name it. */
  readonly object: string
  /** Nothing that can happen ends it. */
  readonly forEver: boolean
  /** It waits to give, as where there is no room: then somebody has to take. */
  readonly toGive: boolean
  readonly heldBy: readonly Moment[]
  /** Who could end it, each by the last time it did so: nobody but others. */
  readonly givenBy: readonly Giver[]
  /** On whom of those it hangs: the arrows of the wait-for graph. */
  readonly waitsFor: readonly Id[]
}

/** Somebody else's write to what the failing step looked at. */
export interface StoryWrite extends Moment {
  /** `counter+8` */
  readonly place: string
  readonly call: string
  /** The thread that failed had read the place before, and so knew an older value. */
  readonly readBefore: Moment | null
}

/** The last choice by which the run could still have come to a good end. */
export interface LastChance {
  readonly step: number
  readonly took: Choice
  readonly tookCall: string | null
  readonly tookLine: string | null
  readonly instead: Choice
  readonly call: string | null
  readonly line: string | null
  /** Every schedule that goes on from what was chosen was tried, and none ends well. */
  readonly certain: boolean
  /** So many were tried. */
  readonly runs: number
}

export interface Story {
  readonly kind: Failure['kind']
  readonly name: string
  readonly waits: readonly StoryWait[]
  /** Each waits for the next, and the last for the first: the smallest such circle; empty where there is none. */
  readonly circle: readonly Id[]
  /** All that were found, the smallest first. */
  readonly circles: readonly (readonly Id[])[]
  /** Threads of the waits' arrows that have ended. */
  readonly ended: readonly Id[]
  readonly writes: readonly StoryWrite[]
  readonly lastChance: LastChance | null
  /** No schedule that was tried ends well; `certain` when those were all there are. */
  readonly hopeless: { readonly certain: boolean; readonly runs: number } | null
  /** Of a run that is not over: in its end the same states come again and again. */
  readonly livelock: Livelock | null
  readonly findings: readonly Finding[]
}
