/**
 * Message passing in the textbook's primitives: direct communication (symmetric and asymmetric), and indirect through
 * mailboxes; blocking or not; over links and mailboxes that hold nothing, a few messages, or any number.
 */
export { ANY, link_create, type MessageOptions, type Received, receive, receive_any, send } from './direct.ts'
export { MessageError, type MessageErrorCode, messageErrors } from './errors.ts'
export type { Endpoint, Link } from './links.ts'
export {
  type Mailbox,
  type MailboxCreateOptions,
  type MailboxObject,
  type MailboxOwner,
  mailbox_count,
  mailbox_create,
  mailbox_destroy,
  mailbox_open,
  mailbox_receive,
  mailbox_send,
} from './mailbox.ts'
