import { expect, test } from 'vitest'
import type { Fields } from '../fields.ts'
import type { Issue } from '../posix.ts'
import { compare, type Plays, type Verdict } from './compare.ts'
import { Game, type Program } from './game.ts'
import { type Recording, Unsettled } from './recorder.ts'

/** Kernels that are the model with one rule changed: what differs is found, and brought to the shortest program. */

/** @param told what such a kernel says of a step, in the place of what the model does */
function kernel(told: (game: Game, step: Issue, told: Fields) => Fields | null): Plays {
  return {
    async record({ uids, steps }: Program): Promise<Recording> {
      const game = new Game(uids)
      const said: Fields[] = []
      for (const step of steps) {
        const { out, completed } = game.perform(step)
        const doctored = told(game, step, (completed as unknown[]).length === 0 ? { out } : { out, completed })
        if (doctored === null) return { steps: said, end: {} }
        said.push(doctored)
      }
      return { steps: said, end: game.end() as Fields }
    },
  }
}

const step = (p: number, op: string, args: Fields = {}): Issue => ({ p, op, args })
const program: Program = {
  uids: [1000, 1000, 1000],
  steps: [
    step(1, 'socketpair', { type: 'SOCK_STREAM' }),
    step(0, 'socket', { type: 'SOCK_STREAM' }),
    step(2, 'umask', { mask: '077' }),
    step(2, 'pipe', { flags: '0' }),
    step(2, 'write', { fd: 4, data: 'A' }),
    step(0, 'getfl', { fd: 3 }),
    step(2, 'pipe', { flags: '0' }),
    step(1, 'send', { fd: 3, data: 'B', flags: '0' }),
    step(2, 'dup', { fd: 5 }),
    step(2, 'read', { fd: 7, len: 1 }),
    step(1, 'recv', { fd: 4, len: 1, flags: '0' }),
    step(0, 'kill', { to: 2, sig: 'SIGUSR1' }),
    step(0, 'exit', { code: 0 }),
  ],
}

const stepsOf = (verdict: Verdict): unknown[] =>
  verdict.kind !== 'differs'
    ? [verdict.kind]
    : (verdict.line.steps as Issue[]).map(({ p, op, args }) => ({ p, op, args }))

test('a kernel that does as the model does is the same', async () => {
  expect(
    await compare(
      kernel((_game, _step, told) => told),
      'x',
      'pipe',
      program,
    ),
  ).toEqual({ kind: 'same' })
})

test('a read of what dup made: the process alone, with the descriptors that are left', async () => {
  const none = kernel((_game, { op, args }, told) =>
    op === 'read' && args.fd !== 3 ? { out: { errno: 'EBADF' } } : told,
  )
  const verdict = await compare(none, 'x', 'pipe', program)
  expect(stepsOf(verdict)).toEqual([
    step(0, 'pipe', { flags: '0' }),
    step(0, 'dup', { fd: 3 }),
    step(0, 'read', { fd: 5, len: 1 }),
  ])
})

test('a process that is gone where the model goes on', async () => {
  let lost = false
  const losing = kernel((_game, { p, op }, told) => {
    if (op === 'pipe') lost = false
    if (lost && p === 2) return null
    if (op !== 'write') return told
    lost = true
    return { out: { killed: 'SIGPIPE' } }
  })
  const verdict = await compare(losing, 'x', 'pipe', program)
  expect(verdict).toMatchObject({ kind: 'differs', difference: { op: 'write' } })
})

test('what is set loose by another: both of them are needed', async () => {
  const silent = kernel((_game, { op }, told) => (op === 'kill' ? { out: told.out } : told))
  expect(stepsOf(await compare(silent, 'x', 'pipe', program))).toEqual([
    step(1, 'pipe', { flags: '0' }),
    step(1, 'read', { fd: 3, len: 1 }),
    step(0, 'kill', { to: 1, sig: 'SIGUSR1' }),
  ])
})

test('what comes to one thing and then to another is unstable, and no difference', async () => {
  let times = 0
  const fickle = kernel((_game, { op }, told) => {
    if (op !== 'umask') return told
    times += 1
    return { out: { ret: 0, old: times % 2 === 1 ? '0000' : '0022' } }
  })
  expect(await compare(fickle, 'x', 'pipe', program)).toEqual({ kind: 'unstable', why: 'umask in step 2' })
})

test('a kernel that does not come to rest is unstable, and what is known to differ stays so when a shorter program does not', async () => {
  const restless: Plays = { record: () => Promise.reject(new Unsettled('worker 1 does not sleep after step 2')) }
  expect(await compare(restless, 'x', 'pipe', program)).toEqual({
    kind: 'unstable',
    why: 'worker 1 does not sleep after step 2',
  })
  const odd = kernel((_game, { op }, told) => (op === 'umask' ? { out: { ret: 0, old: '0777' } } : told))
  const whole: Plays = {
    record: (tried) => (tried === program ? odd.record(tried) : Promise.reject(new Unsettled('it does not sleep'))),
  }
  const verdict = await compare(whole, 'x', 'pipe', program)
  expect(verdict).toMatchObject({ kind: 'differs', difference: { op: 'umask' } })
  expect(stepsOf(verdict)).toEqual(program.steps)
})
