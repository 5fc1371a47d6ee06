import { CallError, cheaply, type Data } from '../../kernel/index.ts'

/** What can go wrong with a message, in the textbook's words. */
export const messageErrors = {
  NO_SUCH_PROCESS: 'nobody was ever called that',
  PROCESS_ENDED: 'the partner has ended: it will never receive, or has nothing more to be received',
  LINK_EXISTS: 'the two already have a link, which keeps its capacity',
  NOT_ON_LINK: 'only the two processes that a link joins may make it',
  NO_SUCH_MAILBOX: 'no mailbox has that name, or the handle never was one',
  MAILBOX_EXISTS: 'a mailbox of that name is there already',
  MAILBOX_GONE: 'the mailbox was destroyed, by hand or with the process that owned it',
  NOT_OWNER: 'only the process that owns the mailbox receives from it and destroys it',
  WOULD_BLOCK: 'the call was not to wait, and could not be done at once',
  INTERRUPTED: 'a signal handler ran while the call waited',
  TIMED_OUT: 'the call waited too long',
  ABORTED: 'the call was ended from outside',
} as const

export type MessageErrorCode = keyof typeof messageErrors

/** An error of the message calls; `code` says which, `detail` names the partner or the mailbox. */
export class MessageError extends CallError {
  declare readonly code: MessageErrorCode

  constructor(code: string, call: string, detail: Data) {
    super(code, call, detail)
    if (typeof detail === 'string') this.message += ` (${detail})`
  }
}
MessageError.prototype.name = 'MessageError'

export const error = (code: string, call: string, detail: Data): MessageError =>
  cheaply(() => new MessageError(code, call, detail))
