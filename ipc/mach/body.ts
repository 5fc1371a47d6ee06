import type { ReceivedMessage } from './sent.ts'

/** What a received message brings, for those who know what was sent: shorter than looking through its body. */

/** All inline numbers of its body, in order. */
export const numbersOf = ({ body }: ReceivedMessage): number[] =>
  body.flatMap((item) => ('data' in item ? [...item.data] : []))

/** The names of all rights, and all mere names, of its body, in order. */
export const portsOf = ({ body }: ReceivedMessage): number[] =>
  body.flatMap((item) => ('ports' in item ? [...item.ports] : []))
