import type { Call } from 'ipclab/kernel'
import * as mach from 'ipclab/mach'
import type { Fields } from './fields.ts'
import {
  dispositionOf,
  messageOut,
  nameOf,
  receivedType,
  rightOf,
  symbolOf,
  typeWords,
  variantOf,
} from './mach-notation.ts'

/** What the recorded operations are as calls. */

export interface Op {
  /** @param target the pid of the task that the step names, or 0; @param fresh what a name `new` is */
  make(args: Fields, target: number, fresh: number): Call<unknown>
  /** What the call tells besides its success. */
  tell?(value: unknown, args: Fields, fresh: number): Fields
}

const name = (args: Fields): number => nameOf(args.name)
/** Names that the caller has chosen are told as if the kernel had. */
const tellName = (key: string) => (_: unknown, args: Fields, fresh: number) => ({
  name: symbolOf(nameOf(args[key], fresh)),
})

const TIMEOUTS = mach.MACH_SEND_TIMEOUT | mach.MACH_RCV_TIMEOUT
const LIMIT = 1024

function messageOf(args: Fields): mach.MachMessage {
  const body = (args.body ?? []) as { data?: number[]; disp?: unknown; ports?: unknown[] }[]
  return {
    msgh_bits: mach.MACH_MSGH_BITS(dispositionOf(args.to_disp), dispositionOf(args.reply_disp)),
    msgh_remote_port: nameOf(args.to),
    msgh_local_port: nameOf(args.reply),
    msgh_id: Number(args.id),
    body: body.map(({ data, disp, ports }) =>
      data === undefined
        ? { disposition: dispositionOf(disp), ports: (ports ?? []).map((port) => nameOf(port)) }
        : { data },
    ),
  }
}

const received = (args: Fields) => ({ rcv_name: nameOf(args.from), rcv_size: Number(args.limit ?? LIMIT) })
const large = (args: Fields): number => (args.large === true ? mach.MACH_RCV_LARGE : 0)
const unless = (blocks: unknown, bit: number): number => (blocks === true ? 0 : bit)

function sendReceive(args: Fields): Call<unknown> {
  const bits = unless(args.send_block, mach.MACH_SEND_TIMEOUT) | unless(args.rcv_block, mach.MACH_RCV_TIMEOUT)
  const option = mach.MACH_SEND_MSG | mach.MACH_RCV_MSG | bits | large(args)
  return mach.mach_msg(messageOf(args), option, received(args))
}

const tellMessage = (got: unknown): Fields => messageOut(got as mach.ReceivedMessage) // mach_msg's

const extracted = ({ name, type }: mach.ExtractedRight): Fields => ({ name: symbolOf(name), type: receivedType(type) })

export const statusOut = (status: mach.PortStatus): Fields => ({
  pset: symbolOf(status.mps_pset),
  seqno: status.mps_seqno,
  mscount: status.mps_mscount,
  qlimit: status.mps_qlimit,
  msgcount: status.mps_msgcount,
  sorights: status.mps_sorights,
  srights: status.mps_srights,
  pdrequest: status.mps_pdrequest,
  nsrequest: status.mps_nsrequest,
})

export const ops: ReadonlyMap<string, Op> = new Map<string, Op>([
  [
    'allocate',
    {
      make: (args, task) => mach.mach_port_allocate(task, rightOf(args.right)),
      tell: (got) => ({ name: symbolOf(Number(got)) }),
    },
  ],
  [
    'allocate_name',
    {
      make: (args, task, fresh) => mach.mach_port_allocate_name(task, rightOf(args.right), nameOf(args.name, fresh)),
      tell: tellName('name'),
    },
  ],
  ['deallocate', { make: (args, task) => mach.mach_port_deallocate(task, name(args)) }],
  ['destroy', { make: (args, task) => mach.mach_port_destroy(task, name(args)) }],
  [
    'mod_refs',
    { make: (args, task) => mach.mach_port_mod_refs(task, name(args), rightOf(args.right), Number(args.delta)) },
  ],
  [
    'get_refs',
    {
      make: (args, task) => mach.mach_port_get_refs(task, name(args), rightOf(args.right)),
      tell: (refs) => ({ refs }),
    },
  ],
  [
    'type',
    {
      make: (args, task) => mach.mach_port_type(task, name(args)),
      tell: (type) => ({ type: typeWords(Number(type)) }),
    },
  ],
  [
    'names',
    {
      make: (_, task) => mach.mach_port_names(task),
      tell: (names) => ({
        names: (names as mach.NameAndType[]).map((one) => [symbolOf(one.name), typeWords(one.type)]),
      }),
    },
  ],
  [
    'rename',
    {
      make: (args, task, fresh) => mach.mach_port_rename(task, name(args), nameOf(args.new_name, fresh)),
      tell: tellName('new_name'),
    },
  ],
  [
    'insert_right',
    {
      make: (args, task, fresh) =>
        mach.mach_port_insert_right(task, nameOf(args.name, fresh), nameOf(args.right), dispositionOf(args.disp)),
      tell: tellName('name'),
    },
  ],
  [
    'extract_right',
    {
      make: (args, task) => mach.mach_port_extract_right(task, name(args), dispositionOf(args.disp)),
      tell: (got) => extracted(got as mach.ExtractedRight),
    },
  ],
  ['move_member', { make: (args, task) => mach.mach_port_move_member(task, nameOf(args.member), nameOf(args.after)) }],
  [
    'get_set_status',
    {
      make: (args, task) => mach.mach_port_get_set_status(task, name(args)),
      tell: (names) => ({ members: (names as number[]).map(symbolOf) }),
    },
  ],
  ['set_qlimit', { make: (args, task) => mach.mach_port_set_qlimit(task, name(args), Number(args.qlimit)) }],
  ['set_mscount', { make: (args, task) => mach.mach_port_set_mscount(task, name(args), Number(args.mscount)) }],
  ['set_seqno', { make: (args, task) => mach.mach_port_set_seqno(task, name(args), Number(args.seqno)) }],
  [
    'get_receive_status',
    {
      make: (args, task) => mach.mach_port_get_receive_status(task, name(args)),
      tell: (status) => statusOut(status as mach.PortStatus),
    },
  ],
  [
    'request_notification',
    {
      make: (args, task) =>
        mach.mach_port_request_notification(
          task,
          name(args),
          variantOf(args.variant),
          Number(args.sync),
          nameOf(args.notify),
          dispositionOf(args.notify_disp),
        ),
      tell: (previous) => ({ previous: symbolOf(Number(previous)) }),
    },
  ],
  ['send', { make: (args) => mach.mach_msg(messageOf(args), mach.MACH_SEND_MSG | unless(args.block, TIMEOUTS)) }],
  [
    'receive',
    {
      make: (args) =>
        mach.mach_msg(null, mach.MACH_RCV_MSG | unless(args.block, TIMEOUTS) | large(args), received(args)),
      tell: tellMessage,
    },
  ],
  ['send_receive', { make: sendReceive, tell: tellMessage }],
])

/** A send that was given up shows its message when that is not as it was passed. */
export function returnedOut(detail: mach.ReceivedMessage, args: Fields): Fields {
  const passed = messageOf(args)
  const same =
    ((passed.msgh_bits ^ detail.msgh_bits) & 0xffff) === 0 &&
    passed.msgh_remote_port === detail.msgh_remote_port &&
    passed.msgh_local_port === detail.msgh_local_port &&
    JSON.stringify(passed.body?.map(asReceived)) === JSON.stringify(detail.body)
  return same ? {} : { returned: messageOut(detail, false) }
}

const asReceived = (item: mach.BodyItem): unknown =>
  'ports' in item ? { type: item.disposition, ports: item.ports } : item
