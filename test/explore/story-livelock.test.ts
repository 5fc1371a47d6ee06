import { load, map_anonymous, type Program, scenario, yield_ } from 'ipclab/kernel'
import { random } from 'ipclab/scheduler'
import { expect, test } from 'vitest'
import { type Story, storyLines, tellStory } from '../../explore/index.ts'
import { record } from '../../trace/index.ts'

/** The story of a run that does not end. */

function told(body: (shared: { readonly x: number }, at: number) => Program<unknown>, maxSteps = 1000): Story {
  const given = scenario('does not end', {
    *setup() {
      return { x: yield* map_anonymous(64) }
    },
    programs: { p: { copies: 2, program: ({ shared, index }) => body(shared, index) } },
    expect: 'step limit',
    maxSteps,
  })
  const telling = tellStory(given, record(given, { decider: random('1') }))
  for (let next = telling.next(); ; next = telling.next()) {
    if (next.done !== true) continue
    if (next.value === null) throw new Error('there is a failure to tell of')
    return next.value
  }
}

test('says which states come again and again, and on which lines who moves among them', () => {
  const story = told(function* ({ x }) {
    while ((yield* load(x, 'i32')) === 0) {
      yield* yield_()
    }
  })
  expect(story.livelock).toMatchObject({ states: 4, threads: [{ thread: 'p1' }, { thread: 'p2' }] })
  const text = storyLines(story).join('\n')
  expect(text).toMatch(/where it goes round\n {2}for the last \d+ steps the same 4 states come again and again/)
  expect(text).toMatch(/p1: load, yield \(story-livelock\.test\.ts:\d+ and story-livelock\.test\.ts:\d+\)/)
})

test('who stands on another line is in another state', () => {
  const { livelock } = told(function* ({ x }) {
    for (;;) {
      yield* load(x, 'i32')
      yield* load(x, 'i32')
    }
  })
  expect(livelock).toMatchObject({ states: 4 })
})

test('says nothing of it where something new comes up to the last', () => {
  const story = told(function* ({ x }) {
    for (let i = 0; ; i++) yield* load(x + 4 * (i % 16), 'i32')
  }, 60)
  expect(story.livelock).toBeNull()
  expect(storyLines(story).join('\n')).not.toContain('where it goes round')
})
