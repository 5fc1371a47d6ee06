import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type AnyValues, isScenario, type Scenario, type Simulation, scenario } from '../../kernel/index.ts'
import { dpor } from '../../scheduler/index.ts'
import { tally } from '../helpers/schedules.ts'

/** One process is killed at any of its calls, or in it, under every schedule: who can wait for ever then, and who is told. */

const folder = join(import.meta.dirname, '../../scenarios/posix')
const files = readdirSync(folder).map((name) => name.replace(/\.ts$/, ''))

/** All that runs come to; of a deadlock also who waits in what. */
async function ends(name: string, victim: string, params: AnyValues): Promise<string[]> {
  const { default: made } = (await import(join(folder, `${name}.ts`))) as { default: unknown }
  if (!isScenario(made)) throw new Error(`${name} exports no scenario`)
  const { title, ...body } = made
  const kill = victim === 'anybody' ? true : [victim]
  const seen = new Set<string>()
  const { complete } = tally(scenario(title, { ...body, faults: { kill } } as Scenario), dpor(), 5_000, {
    params,
    after: (simulation, ending) =>
      seen.add(ending === 'deadlock' ? `hangs: ${hanging(simulation)}` : ending + told(simulation)),
  })
  expect(complete, `${name}: more than can be made`).toBe(true)
  return [...seen].sort()
}

const hanging = ({ state: { threads } }: Simulation): string =>
  Object.values(threads)
    .filter(({ status }) => status !== 'exited')
    .map(({ id, call }) => `${id.replace(/\d$/, '')} in ${call?.name}`)
    .sort()
    .join(', ')

/** What processes have noted of what they were told. */
function told({ ghost }: Simulation): string {
  const { sender, receiver, client, server, reader } = (ghost ?? {}) as { readonly [who: string]: string }
  const noted = [sender, receiver, client, server, reader].filter((one) => typeof one === 'string' && one !== '')
  return noted.length === 0 ? '' : `: ${noted.join(', ')}`
}

/** By who is killed. `violates` and the like: nobody hangs, but what was to be done is not. */
interface Ends {
  readonly [victim: string]: readonly string[]
}

const rows: [name: string, params: AnyValues, ends: Ends][] = [
  [
    'bounded-buffer',
    { producers: 1 },
    {
      producer: ['done', 'hangs: consumer in sem_wait'],
      consumer: ['done', 'hangs: producer in sem_wait', 'violates: every item has arrived'],
    },
  ],
  ['double-close', { once: true }, { server: ['done'] }],
  [
    'eintr',
    { again: true },
    { reader: ['done', 'error: ESRCH', 'violates: the byte has been read'], writer: ['done', 'hangs: reader in read'] },
  ],
  [
    'fifo',
    {},
    {
      producer: ['done', 'hangs: consumer in open', 'violates: all has come, in order'],
      consumer: ['done', 'hangs: producer in open', 'violates: all has come, in order'],
    },
  ],
  [
    'killed-datagrams',
    {},
    {
      client: [
        'done: answer, answered',
        'done: killed, ECONNREFUSED',
        'done: killed, answered',
        'hangs: server in recv',
      ],
      server: ['done: ECONNREFUSED, killed', 'done: answer, answered', 'hangs: client in recv'],
    },
  ],
  [
    'killed-fifo',
    {},
    {
      writer: ['done: a', 'done: end of file', 'hangs: reader in open'],
      reader: ['done', 'done: a', 'hangs: writer in open'],
    },
  ],
  ['killed-fifo', { parent: true }, { writer: ['done: a', 'done: end of file'], reader: ['done', 'done: a'] }],
  [
    'killed-heard',
    { by: 'pipe' },
    {
      sender: ['done: all sent, end of file', 'done: killed, end of file'],
      receiver: ['done: EPIPE, killed', 'done: all sent, end of file', 'done: all sent, killed'],
    },
  ],
  [
    'killed-heard',
    { by: 'stream' },
    {
      sender: ['done: all sent, end of file', 'done: killed, end of file'],
      receiver: ['done: EPIPE, killed', 'done: all sent, end of file', 'done: all sent, killed'],
    },
  ],
  [
    'killed-heard',
    { by: 'packets' },
    {
      sender: ['done: all sent, end of file', 'done: killed, end of file'],
      receiver: [
        'done: ECONNRESET, killed',
        'done: EPIPE, killed',
        'done: all sent, end of file',
        'done: all sent, killed',
      ],
    },
  ],
  [
    'killed-heard',
    { keep: true },
    {
      sender: ['hangs: receiver in read'],
      receiver: ['done: all sent, killed', 'hangs: receiver in read', 'hangs: sender in write'],
    },
  ],
  ['killed-holding', { by: 'semaphore' }, { mortal: ['done', 'hangs: other in sem_wait'] }],
  ['killed-holding', { by: 'mutex' }, { mortal: ['done', 'hangs: other in pthread_mutex_lock'] }],
  ['killed-holding', { by: 'read-lock' }, { mortal: ['done', 'hangs: other in pthread_rwlock_wrlock'] }],
  ['killed-holding', { by: 'write-lock' }, { mortal: ['done', 'hangs: other in pthread_rwlock_rdlock'] }],
  ['killed-holding', { by: 'barrier' }, { mortal: ['done', 'hangs: other in pthread_barrier_wait'] }],
  [
    'killed-holding',
    { by: 'condition' },
    { mortal: ['done', 'hangs: other in pthread_cond_wait', 'hangs: other in pthread_mutex_lock'] },
  ],
  [
    'killed-unheard',
    { by: 'queue' },
    { sender: ['done', 'hangs: receiver in mq_receive'], receiver: ['done', 'hangs: sender in mq_send'] },
  ],
  [
    'killed-unheard',
    { by: 'sysv' },
    { sender: ['done', 'hangs: receiver in msgrcv'], receiver: ['done', 'hangs: sender in msgsnd'] },
  ],
  [
    'killed-unheard',
    { by: 'semaphores' },
    { sender: ['done', 'hangs: receiver in sem_wait'], receiver: ['done', 'hangs: sender in sem_wait'] },
  ],
  [
    'mutex-first',
    { slots: 1, items: 1 },
    { producer: ['done', 'hangs: consumer in sem_wait'], consumer: ['done', 'violates: every item has arrived'] },
  ],
  ['pipe', {}, { anybody: ['done', 'violates: all has come'] }],
  [
    'queue',
    { producers: 1 },
    {
      producer: ['done', 'hangs: consumer in mq_receive'],
      consumer: ['done', 'hangs: producer in mq_send', 'violates: every item has arrived'],
    },
  ],
  [
    'read-twice',
    { prefers: 'readers' },
    {
      reader: ['done', 'hangs: writer in pthread_rwlock_wrlock'],
      writer: ['done', 'hangs: reader in pthread_rwlock_rdlock'],
    },
  ],
  ['robust', {}, { worker: ['done'] }],
  ['sem-undo', {}, { process: ['done'] }],
  ['sem-undo', { undo: 'no' }, { process: ['done', 'hangs: process in semop'] }],
  [
    'signal-first',
    { looks: true },
    {
      waiter: ['done', 'hangs: worker in pthread_mutex_lock'],
      worker: ['done', 'hangs: waiter in pthread_cond_wait', 'hangs: waiter in pthread_mutex_lock'],
    },
  ],
  ['sigpipe', { ignore: true }, { writer: ['done', 'violates: the writer has come to its end'], reader: ['done'] }],
  [
    'socket',
    {},
    {
      producer: ['done', 'hangs: consumer in accept', 'violates: all has come, in order'],
      consumer: ['done', 'error: ECONNREFUSED', 'violates: all has come, in order'],
    },
  ],
  [
    'starved-readers',
    { rounds: 1, turns: true },
    {
      reader: [
        'done',
        'hangs: writer in pthread_cond_wait',
        'hangs: writer in pthread_cond_wait, writer in pthread_mutex_lock',
        'hangs: writer in pthread_mutex_lock',
        'hangs: writer in pthread_mutex_lock, writer in pthread_mutex_lock',
      ],
    },
  ],
  [
    'starved-writer',
    { rounds: 1 },
    {
      reader: ['done', 'hangs: writer in pthread_rwlock_wrlock'],
      writer: [
        'done',
        'hangs: reader in pthread_rwlock_rdlock',
        'hangs: reader in pthread_rwlock_rdlock, reader in pthread_rwlock_rdlock',
      ],
    },
  ],
  [
    'too-early',
    { create: true },
    { writer: ['done'], reader: ['done', 'violates: what is read is what is written, or nothing yet'] },
  ],
  [
    'two-fifos-mended',
    {},
    {
      server: ['done', 'hangs: client in open', 'violates: the answer has come'],
      client: ['done', 'hangs: server in open', 'violates: the answer has come'],
    },
  ],
  [
    'two-filters-mended',
    {},
    { program: ['done', 'violates: all has come back'], filter: ['done', 'violates: all has come back'] },
  ],
  [
    'two-filters',
    { pages: 3 },
    { program: ['done', 'violates: all has come back'], filter: ['done', 'violates: all has come back'] },
  ],
  [
    'urgent',
    { stop_prio: 0 },
    { client: ['done', 'hangs: server in mq_receive'], server: ['done', 'violates: every job is done'] },
  ],
]

test.each(rows)('%s with %j, a kill at any call: who hangs, and who is told', async (name, params, expected) => {
  const seen: Record<string, string[]> = {}
  for (const victim of Object.keys(expected)) seen[victim] = await ends(name, victim, params)
  expect(seen).toEqual(expected)
})

/** It ends well in no schedule. */
const LEFT_OUT = ['two-fifos']

test('no scenario of POSIX is left out', () => {
  expect(files.filter((name) => !rows.some(([told]) => told === name))).toEqual(LEFT_OUT)
})
