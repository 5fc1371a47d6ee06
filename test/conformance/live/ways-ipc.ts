import type { Fields } from '../fields.ts'
import { descriptors, type Making, on, processes, signals, type Way, WHENCE, where } from './making.ts'

/** Programs on message queues and System V objects. */

const abs = (at: Making): Fields => ({ abs: at.pick(['past', 'past', 'badnsec']) })
const priority = (at: Making): number => (at.sometimes(3) ? 32_768 : at.pick([0, 0, 1, 1, 2, 31, 32_767]))

const mqd = (more: (at: Making) => Fields = () => ({})): Way['args'] => {
  const args = on(['queue'], more)
  return (at) => {
    const found = args(at)
    if (found === null) return null
    const { fd, ...rest } = found
    return { mqd: fd, ...rest }
  }
}
const message = (at: Making): Fields => ({
  data: at.sometimes(3) ? 'X*17' : at.pick(['', at.little(), at.little(), at.little(), `${at.little()}+Z*5`, 'Y*8']),
  prio: priority(at),
})
const length = (at: Making): Fields => ({ len: at.pick([8, 8, 8, 16, 16, 8192, 7]) })

export const messageQueues: readonly Way[] = [
  ...processes,
  ...descriptors,
  {
    op: 'mq_open',
    weight: 14,
    args: where(
      (at) => !at.has('queue'),
      (at) => ({
        name: at.sometimes(3) ? at.pick(['/a/b', 'q']) : at.pick(['/q', '/q', '/q', '/r']),
        oflag: at.pick([
          'O_CREAT|O_RDWR',
          'O_CREAT|O_RDWR',
          'O_CREAT|O_RDWR',
          'O_CREAT|O_RDWR',
          'O_CREAT|O_RDWR',
          'O_CREAT|O_EXCL|O_RDWR',
          'O_CREAT|O_RDWR|O_NONBLOCK',
          'O_RDONLY',
          'O_WRONLY',
          'O_CREAT|O_RDONLY',
          'O_CREAT|O_WRONLY',
        ]),
        mode: at.pick(['0600', '0600', '0600', '0666', '0622', '0444']),
        attr: at.sometimes(6)
          ? at.pick([{ maxmsg: 1, msgsize: 0 }, { maxmsg: 11, msgsize: 8 }, { maxmsg: -1, msgsize: 8 }, null])
          : { maxmsg: at.pick([1, 1, 2, 2, 3]), msgsize: at.pick([8, 8, 16]) },
      }),
    ),
  },
  { op: 'mq_close', weight: 2, args: mqd() },
  {
    op: 'mq_unlink',
    weight: 1,
    args: where(
      (at) => at.game.returned('mq_open').length > 0,
      (at) => ({ name: at.pick(['/q', '/q', '/r']) }),
    ),
  },
  { op: 'mq_send', weight: 14, args: mqd(message) },
  { op: 'mq_receive', weight: 14, args: mqd(length) },
  { op: 'mq_timedsend', weight: 3, args: mqd((at) => ({ ...message(at), ...abs(at) })) },
  { op: 'mq_timedreceive', weight: 3, args: mqd((at) => ({ ...length(at), ...abs(at) })) },
  { op: 'read', weight: 1, args: on(['queue'], (at) => ({ len: at.pick([10, 100]) })) },
  { op: 'lseek', weight: 1, args: on(['queue'], (at) => ({ off: at.pick([0, 5, -1]), whence: at.pick(WHENCE) })) },
  { op: 'mq_getattr', weight: 3, args: mqd() },
  { op: 'mq_setattr', weight: 2, args: mqd((at) => ({ nonblock: at.pick([0, 1]) })) },
  { op: 'mq_notify', weight: 5, args: mqd((at) => ({ how: at.pick(['signal', 'signal', 'none', 'null']) })) },
]

const make = (at: Making): Fields => ({
  key: at.pick(['1', '1', '1', '2', 'IPC_PRIVATE']),
  flags: at.pick([
    'IPC_CREAT|0600',
    'IPC_CREAT|0600',
    'IPC_CREAT|0600',
    'IPC_CREAT|0666',
    'IPC_CREAT|IPC_EXCL|0600',
    '0600',
    'IPC_CREAT|0400',
  ]),
})
/** There should be few, so that processes meet. */
const few = (op: string, args: (at: Making) => Fields): Way['args'] =>
  where((at) => at.game.returned(op).length < 2 || at.sometimes(10), args)
/** An identifier that a call has returned. */
const id =
  (op: string, more: (at: Making) => Fields = () => ({})): Way['args'] =>
  (at) => {
    const ids = at.game.returned(op)
    return ids.length === 0 ? null : { id: at.sometimes(2) ? 777 : at.pick(ids), ...more(at) }
  }

export const sysvMessages: readonly Way[] = [
  ...processes,
  ...signals,
  { op: 'msgget', weight: 20, args: few('msgget', make) },
  {
    op: 'msgsnd',
    weight: 16,
    args: id('msgget', (at) => ({
      type: at.pick([1, 1, 2, 3, 5, 0]),
      data: at.pick([at.little(), at.little(), 'Z*100', 'Y*8192', 'X*8000', 'W*8193', '']),
      flags: at.pick(['0', '0', '0', 'IPC_NOWAIT']),
    })),
  },
  {
    op: 'msgrcv',
    weight: 18,
    args: id('msgget', (at) => ({
      len: at.pick([1, 4, 100, 8192, 8192]),
      type: at.pick([0, 0, 1, 2, 3, -2, -3]),
      flags: at.pick(['0', '0', '0', '0', 'IPC_NOWAIT', 'MSG_NOERROR', 'MSG_EXCEPT', 'IPC_NOWAIT|MSG_NOERROR']),
    })),
  },
  { op: 'msg_rmid', weight: 1, args: id('msgget') },
  { op: 'msg_stat', weight: 3, args: id('msgget') },
]

const hasUndo = ({ game, p }: Making): boolean =>
  game.log.some(({ op, p: who, args }) => op === 'semop' && who === p && JSON.stringify(args).includes('SEM_UNDO'))
const sembuf = (at: Making): Fields => ({
  num: at.sometimes(3) ? 2 : at.pick([0, 0, 1]),
  op: at.pick([1, 1, 2, 3, -1, -1, -2, -3, 0]),
  flg: at.pick(['0', '0', 'SEM_UNDO', 'SEM_UNDO', 'IPC_NOWAIT', 'IPC_NOWAIT|SEM_UNDO']),
})
const num = (at: Making): Fields => ({ num: at.sometimes(3) ? 5 : at.pick([0, 0, 1]) })

export const sysvSemaphores: readonly Way[] = [
  ...processes,
  ...signals,
  { op: 'semget', weight: 20, args: few('semget', (at) => ({ nsems: at.sometimes(3) ? 0 : 2, ...make(at) })) },
  {
    op: 'semop',
    weight: 26,
    args: id('semget', (at) => ({ ops: [...Array(at.pick([1, 1, 1, 2, 3])).keys()].map(() => sembuf(at)) })),
  },
  {
    op: 'sem_setval',
    weight: 4,
    args: id('semget', (at) => ({
      ...num(at),
      val: at.sometimes(5) ? at.pick([32_767, 32_768, -1]) : at.pick([0, 1, 2, 3]),
    })),
  },
  { op: 'sem_getval', weight: 5, args: id('semget', num) },
  { op: 'exit', weight: 6, args: where(hasUndo, () => ({ code: 0 })) },
  { op: 'sem_getncnt', weight: 2, args: id('semget', num) },
  { op: 'sem_getzcnt', weight: 2, args: id('semget', num) },
  { op: 'sem_rmid', weight: 1, args: id('semget') },
]
