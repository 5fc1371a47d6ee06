import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drafted, notATree } from '../../helpers/drafted.ts'
import { Game } from './game.ts'
import { familyNames, played, randomProgram, type Wish } from './programs.ts'

/** The programs that are played on real kernels, on the model alone. */

const RUNS = Number(process.env.RUNS ?? 40)

/** What a program is drawn from, so that a failing one is shrunk; what is left out is drawn as 0. */
const wishes = fc.record({
  drawn: fc.array(fc.nat(9999), { maxLength: 300, size: 'max' }),
  family: fc.constantFrom(...familyNames),
  users: fc.boolean(),
})

function program(drawn: readonly number[], wish: Omit<Wish, 'length'>): Game {
  const left = drawn.values()
  return randomProgram((n) => (left.next().value ?? 0) % n, { length: 30, ...wish })
}

test('in place and on drafts a program comes to the same, and leaves a tree of plain data after each step', () => {
  fc.assert(
    fc.property(wishes, ({ drawn, family, users }) => {
      const { uids, steps } = program(drawn, { family, users })
      const inPlace = new Game(uids)
      const onDrafts = new Game(uids, drafted)
      for (const step of steps) {
        expect(onDrafts.perform(step)).toEqual(inPlace.perform(step))
        expect(notATree(inPlace.state)).toBeNull()
      }
      expect(onDrafts.end()).toEqual(inPlace.end())
      expect(onDrafts.state).toEqual(inPlace.state)
    }),
    { numRuns: RUNS },
  )
})

test('a program may be played, and the same draws make the same one', () => {
  fc.assert(
    fc.property(wishes, ({ drawn, family, users }) => {
      const made = program(drawn, { family, users })
      expect(played(made)?.log).toEqual(made.log)
      expect(program(drawn, { family, users }).steps).toEqual(made.steps)
    }),
    { numRuns: RUNS },
  )
})

test('who is blocked sleeps in a call, and when all have ended nothing that was open is left', () => {
  fc.assert(
    fc.property(wishes, ({ drawn, family }) => {
      const game = program(drawn, { family, users: false })
      const sleeping = Object.values(game.state.threads).filter(({ status }) => status === 'sleeping')
      expect(sleeping).toHaveLength(game.blocked().length)
      expect(sleeping.filter(({ queue, call }) => queue === null || call === null)).toEqual([])

      const [last] = game.idle()
      if (last === undefined) return // all are blocked, and nobody is left to end them
      for (const to of game.alive()) {
        if (to !== last) game.perform({ p: last, op: 'kill', args: { to, sig: 'SIGKILL' } })
      }
      game.perform({ p: last, op: 'exit', args: { code: 0 } })
      const kinds = Object.values(game.state.objects).map(({ kind }) => kind)
      expect(kinds.filter((kind) => /^(open .*|pipe|socket)$/.test(kind))).toEqual([])
      expect(game.state.queues).toEqual({})
    }),
    { numRuns: RUNS },
  )
})
