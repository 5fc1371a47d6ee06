import type { Id } from './state.ts'

/**
 * Whoever wants to know of messages on their way is told by the models, through `kernel.traffic`: what comes into which
 * queue, and what leaves it. Messages go by their place in the queue, so that the state need not number them. What is
 * handed to a receiver that waits comes in and leaves in one step.
 *
 * Where no thread is named it is the one whose step it is.
 */
export interface Traffic {
  /**
   * A message comes into the queue at that place, before what has been there.
   * @param name as a reader would call the queue; `null`: as its sender's call says what it is about
   */
  enters(queue: Id, place: number, name: string | null, sender?: Id): void
  /** A thread receives the message at that place. */
  leaves(queue: Id, place: number, receiver?: Id): void
  /** So many bytes come in behind the others. Those that one call writes in one step are one message, received with its last byte. */
  flows(stream: Id, bytes: number, name: string): void
  /** A thread has read until so many bytes are left. */
  drains(stream: Id, left: number): void
  /** The message at that place is lost; all, where none is named. */
  drops(queue: Id, place?: number): void
}
