import { map_anonymous, type Program, scenario } from 'ipclab'
import {
  IPC_PRIVATE,
  mq_open,
  mq_receive,
  mq_send,
  msgget,
  msgrcv,
  msgsnd,
  O_CREAT,
  O_RDWR,
  sem_init,
  sem_post,
  sem_wait,
} from 'ipclab/posix'

const MESSAGES = 3

/**
 * Sender and receiver share what holds messages and belongs to nobody: semaphores around a buffer, a POSIX or a System V
 * message queue. Either may be killed at any of its calls, and nothing changes by that: the queue is as it was, full or
 * empty. A receiver waits for ever for a message that nobody will send, a sender for room that nobody will make.
 *
 * The cures are to wait for a time only, and look whether the other lives (`classic/killed-with-mutex-mended`), or a
 * pipe or a connection beside it, for nothing but its end: `killed-heard`.
 */
export default scenario('a process is killed, and nobody tells the other', {
  source: 'mq_overview(7), sem_overview(7), sysvipc(7): they live until they are removed, whoever ends; _exit(2)',
  about:
    'Sender or receiver may be killed at any call, and what they share stays as it was: the other waits for ever, in an empty queue or a full one.',
  params: {
    by: {
      default: 'queue',
      oneOf: ['queue', 'sysv', 'semaphores'],
      about: 'what holds the messages: one of them, with sysv two',
    },
  },
  faults: { kill: true },
  *setup({ params: { by } }): Program<Channel> {
    if (by === 'semaphores') return yield* semaphores()
    return by === 'sysv' ? yield* sysv() : yield* queue()
  },
  programs: {
    *sender({ shared: channel }) {
      for (let i = 0; i < MESSAGES; i++) yield* channel.send()
    },
    *receiver({ shared: channel }) {
      for (let i = 0; i < MESSAGES; i++) yield* channel.receive()
    },
  },
  expect: 'deadlock',
})

interface Channel {
  send(): Program
  receive(): Program
}

function* semaphores(): Program<Channel> {
  const empty = yield* map_anonymous(64, { name: 'empty, full' })
  const full = empty + 32
  yield* sem_init(empty, 1, 1)
  yield* sem_init(full, 1, 0)
  return {
    *send() {
      yield* sem_wait(empty)
      yield* sem_post(full)
    },
    *receive() {
      yield* sem_wait(full)
      yield* sem_post(empty)
    },
  }
}

function* queue(): Program<Channel> {
  const mqdes = yield* mq_open('/messages', O_CREAT | O_RDWR, 0o600, { mq_maxmsg: 1, mq_msgsize: 8 })
  return {
    *send() {
      yield* mq_send(mqdes, 'message')
    },
    *receive() {
      yield* mq_receive(mqdes, 8)
    },
  }
}

function* sysv(): Program<Channel> {
  const msqid = yield* msgget(IPC_PRIVATE, 0o600)
  return {
    *send() {
      yield* msgsnd(msqid, { mtype: 1, mtext: 'x'.repeat(8192) }) // half of what a queue holds
    },
    *receive() {
      yield* msgrcv(msqid, 8192)
    },
  }
}
