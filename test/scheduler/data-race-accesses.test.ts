import { await_, fork, load, map_anonymous, type Program, rmw, store } from 'ipclab/kernel'
import { sem_post } from 'ipclab/posix'
import { describe, expect, test } from 'vitest'

import { type Body, handing, none, one, racyIn, read } from '../helpers/racing.ts'

/** Which accesses conflict, to the byte. */

describe('which accesses conflict', () => {
  const pair = (one: Body, other: Body): string[] => racyIn({ P: one, Q: other })

  test('two reads do not, two atomic accesses do not, an atomic and a plain one do', () => {
    expect(
      pair(
        (places) => one(read(places)),
        (places) => one(read(places)),
      ),
    ).toEqual([])
    expect(
      pair(
        ({ x }) => one(store(x, 'i32', 1, 'relaxed')),
        ({ x }) => one(load(x, 'i32', 'relaxed')),
      ),
    ).toEqual([])
    expect(
      pair(
        ({ x }) => one(store(x, 'i32', 1)),
        ({ x }) => one(load(x, 'i32', 'seq_cst')),
      ),
    ).toEqual(['x+0'])
    expect(
      pair(
        ({ x }) => one(rmw('add', x, 'i32', 1)),
        ({ x }) => one(load(x, 'i32')),
      ),
    ).toEqual(['x+0'])
  })

  test('bytes of a word are apart, and a word is all its bytes', () => {
    const bytes = (first: number, second: number): string[] =>
      pair(
        ({ x }) => one(store(x + first, 'u8', 1)),
        ({ x }) => one(store(x + second, 'u8', 1)),
      )
    expect(bytes(0, 1)).toEqual([])
    expect(bytes(2, 2)).toEqual(['x+2'])
    expect(
      pair(
        ({ x }) => one(store(x, 'u16', 1)),
        ({ x }) => one(store(x + 2, 'u16', 1)),
      ),
    ).toEqual([])
    expect(
      pair(
        ({ x }) => one(store(x, 'i32', 1)),
        ({ x }) => one(store(x + 3, 'u8', 1)),
      ),
    ).toEqual(['x+3'])
    expect(
      pair(
        ({ x }) => one(store(x, 'i64', 1n)),
        ({ x }) => one(store(x + 4, 'i32', 1)),
      ),
    ).toEqual(['x+4'])
  })

  test('an atomic byte beside another does not end what was released there', () => {
    const found = racyIn({
      ...handing(
        ({ flag }) => one(store(flag, 'u8', 1, 'release')),
        ({ flag }) => one(await_(flag, 'u8', Boolean, 'acquire')),
      ),
      *R({ flag }) {
        yield* store(flag + 1, 'u8', 1, 'relaxed')
      },
    })
    expect(found).toEqual([])
  })

  test('a plain store to the word of a semaphore does, with who posts', () => {
    expect(
      pair(
        ({ sem }) => one(store(sem, 'i32', 0)),
        ({ sem }) => one(sem_post(sem)),
      ),
    ).toEqual(['sem+0'])
  })

  test("a process's own memory is its own, before it is copied and after", () => {
    function* own(): Program {
      const at = yield* map_anonymous(8, { shared: false, name: 'own' })
      yield* store(at, 'i32', 1)
      yield* fork(function* child() {
        yield* load(at, 'i32')
        yield* store(at, 'i32', 2)
      })
      yield* store(at, 'i32', 3)
    }
    expect(racyIn({ P: own, Q: () => none() })).toEqual([])
  })

  test('a race hides no other', () => {
    const found = racyIn({
      *P({ x }) {
        yield* store(x, 'i32', 1)
        yield* store(x + 4, 'i32', 1)
      },
      *Q({ x }) {
        yield* load(x, 'i32')
        yield* load(x + 4, 'i32')
      },
    })
    expect(found).toEqual(['x+0', 'x+4'])
  })
})
