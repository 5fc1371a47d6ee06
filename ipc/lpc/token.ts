import { CREDENTIALS, type Kernel, type Process, readsProcess, type Thread } from '../../kernel/index.ts'

/** Tokens and security identifiers, as far as LPC looks at them: who somebody is, and how far others may act for him. */

export const SecurityAnonymous = 0
export const SecurityIdentification = 1
export const SecurityImpersonation = 2
export const SecurityDelegation = 3

/** SECURITY_QUALITY_OF_SERVICE: the terms on which a client lets its server impersonate it; fixed when it connects. */
export interface Qos {
  /** SecurityImpersonation, … */
  readonly level: number
  /** Dynamic tracking: the server sees what the client's thread is at the time; static: what it was when it connected. */
  readonly dynamic: boolean
  readonly effectiveOnly: boolean
}

/** Whom a thread acts for. */
export interface Token {
  /** Number of the process whose user it is. */
  readonly process: number
  readonly sid: string
  readonly level: number
  readonly effectiveOnly: boolean
}

/** The user's SID: user 0 is the local system, the others are accounts of one machine. */
export const sidOf = (uid: number): string => (uid === 0 ? 'S-1-5-18' : `S-1-5-21-${uid}`)

export function processSid(kernel: Kernel, process: Process['id']): string {
  return sidOf(readsProcess(kernel, process, CREDENTIALS).uid)
}

/** The token that the thread gives its server: of whom it impersonates itself, else of its process. */
export function clientToken(kernel: Kernel, thread: Thread, impersonated: Token | null, qos: Qos): Token {
  const { pid } = readsProcess(kernel, thread.process, CREDENTIALS)
  const { process, sid } = impersonated ?? { process: pid, sid: processSid(kernel, thread.process) }
  return { process, sid, level: qos.level, effectiveOnly: qos.effectiveOnly }
}
