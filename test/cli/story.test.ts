import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import { findingLines, storyLines } from '../../cli/draw/story.ts'
import { storyLines as plainLines, type Story, type StoryWait } from '../../explore/index.ts'
import {
  pthread_cond_signal,
  pthread_cond_wait,
  pthread_mutex_lock,
  sem_init,
  sem_post,
  sem_wait,
} from '../../ipc/posix/index.ts'
import { map_anonymous, type Program, type Scenario, scenario } from '../../kernel/index.ts'
import { recorded, told } from '../helpers/told.ts'

/** Stories as they are drawn in the terminal. */

const plain = pc.createColors(false)

/** So many threads that each take their own lock and then the next one's: all in one circle. */
function ring(threads: number): Scenario {
  return scenario('ring', {
    *setup() {
      const base = yield* map_anonymous(32 * threads, { name: 'locks' })
      for (let i = 0; i < threads; i++) yield* sem_init(base + 32 * i, 1, 1)
      return { base }
    },
    programs: {
      T: {
        copies: threads,
        *program({ shared: { base }, index }): Program {
          yield* sem_wait(base + 32 * (index - 1))
          yield* sem_wait(base + 32 * (index % threads))
          yield* sem_post(base + 32 * (index % threads))
          yield* sem_post(base + 32 * (index - 1))
        },
      },
    },
    expect: 'deadlock',
  })
}

function ringStory(threads: number): Story {
  const one = ring(threads)
  const all = Array.from({ length: threads }, (_, i) => `T${i + 1}`)
  return told(one, recorded(one, all), { budget: { runs: 80, steps: 20_000 } })
}

/** In every line the line numbers of this file, which change whenever it does, are made one and the same. */
const drawn = (story: Story, width: number): string[] =>
  storyLines(story, { colors: plain, width }).map((line) => line.replace(/(story\.test\.ts):\d\d/g, '$1:__'))

const inLines = (lines: readonly string[]): string => `\n${lines.join('\n')}\n`

describe('the story of a deadlock', () => {
  test('in a wide terminal: a table, the circle as a circle, the last chance', () => {
    expect(inLines(drawn(ringStory(3), 120))).toMatchInlineSnapshot(`
      "
      who waits on what
        thread  waits in            since step  at                what it needs is
        T1      sem_wait(locks+32)  2           story.test.ts:__  held by T2 since step 2 (story.test.ts:__)
        T2      sem_wait(locks+64)  3           story.test.ts:__  held by T3 since step 3 (story.test.ts:__)
        T3      sem_wait(locks)     3           story.test.ts:__  held by T1 since step 1 (story.test.ts:__)

      who waits for whom
        ╭─▶ T1
        │    │ semaphore at locks+32, held by T2 since step 2 (story.test.ts:__)
        │    ▼
        │   T2
        │    │ semaphore at locks+64, held by T3 since step 3 (story.test.ts:__)
        │    ▼
        │   T3
        ╰────╯ semaphore at locks+0, held by T1 since step 1 (story.test.ts:__)

      the last chance
        until step 3 it could still have ended well: had T2 gone first there (sem_wait(locks+64),
          story.test.ts:__) instead of T3; after that there was no other way
      "
    `)
  })

  test('in a narrow one: sentences, and nothing wider than it', () => {
    const text = inLines(drawn(ringStory(3), 60))
    expect(text).toMatchInlineSnapshot(`
      "
      who waits on what
        T1 waits for ever in sem_wait(locks+32) since step 2
          (story.test.ts:__)
            held by T2 since step 2 (story.test.ts:__)
        T2 waits for ever in sem_wait(locks+64) since step 3
          (story.test.ts:__)
            held by T3 since step 3 (story.test.ts:__)
        T3 waits for ever in sem_wait(locks) since step 3
          (story.test.ts:__)
            held by T1 since step 1 (story.test.ts:__)

      who waits for whom
        ╭─▶ T1
        │    │ semaphore at locks+32, held by T2 since step 2 (st…
        │    ▼
        │   T2
        │    │ semaphore at locks+64, held by T3 since step 3 (st…
        │    ▼
        │   T3
        ╰────╯ semaphore at locks+0, held by T1 since step 1 (sto…

      the last chance
        until step 3 it could still have ended well: had T2 gone
          first there (sem_wait(locks+64), story.test.ts:__)
          instead of T3; after that there was no other way
      "
    `)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })

  test('of many threads the middle is folded', () => {
    const lines = drawn(ringStory(14), 120)
    expect(
      lines.slice(lines.indexOf('who waits for whom'), lines.indexOf('the last chance')).join('\n'),
    ).toMatchInlineSnapshot(`
      "who waits for whom
        ╭─▶ T1
        │    │ semaphore at locks+32, held by T2 since step 2 (story.test.ts:__)
        │    ▼
        │   T2
        │    │ semaphore at locks+64, held by T3 since step 3 (story.test.ts:__)
        │    ▼
        │   T3
        │    │ semaphore at locks+96, held by T4 since step 4 (story.test.ts:__)
        │    ▼
        │   T4
        │    │ semaphore at locks+128, held by T5 since step 5 (story.test.ts:__)
        │    ▼
        │   T5
        │    │ semaphore at locks+160, held by T6 since step 6 (story.test.ts:__)
        │    ▼
        │   T6
        │    │ semaphore at locks+192, held by T7 since step 7 (story.test.ts:__)
        │    ▼
        │    ⋮ 6 more, each waiting for the next
        │    ▼
        │   T13
        │    │ semaphore at locks+416, held by T14 since step 14 (story.test.ts:__)
        │    ▼
        │   T14
        ╰────╯ semaphore at locks+0, held by T1 since step 1 (story.test.ts:__)
      "
    `)
  })

  test('a circle of one, those behind it, and one who waits for somebody that has ended', () => {
    const one = scenario('behind', {
      *setup() {
        const base = yield* map_anonymous(64, { name: 'locks' })
        yield* sem_init(base, 1, 1)
        yield* sem_init(base + 32, 1, 1)
        return { base }
      },
      programs: {
        *again({ shared: { base } }) {
          yield* sem_wait(base)
          yield* sem_wait(base)
        },
        *behind({ shared: { base } }) {
          yield* sem_wait(base)
        },
        *keeps({ shared: { base } }) {
          yield* sem_wait(base + 32)
        },
        *wants({ shared: { base } }) {
          yield* sem_wait(base + 32)
        },
      },
      expect: 'deadlock',
    })
    const lines = drawn(told(one, recorded(one, ['again', 'keeps'])), 80)
    expect(lines.slice(lines.indexOf('who waits for whom')).join('\n')).toMatchInlineSnapshot(`
      "who waits for whom
        ╭─▶ again
        ╰────╯ semaphore at locks+0, held by again itself since step 1 (story.test.ts…
        behind ── semaphore at locks+0 ──▶ again
        wants ── semaphore at locks+32 ──▶ keeps (ended)

      the last chance
        it could not have ended well: no schedule does, and every one was tried"
    `)
  })
})

const lost = scenario('lost', {
  *setup() {
    return { mutex: yield* map_anonymous(40, { name: 'mutex' }), cond: yield* map_anonymous(48, { name: 'cond' }) }
  },
  programs: {
    *waiter({ shared: { mutex, cond } }) {
      yield* pthread_mutex_lock(mutex)
      yield* pthread_cond_wait(cond, mutex)
    },
    *signaller({ shared: { cond } }) {
      yield* pthread_cond_signal(cond)
    },
  },
  expect: 'deadlock',
})

test('what has a name is named, in colour where there are colours, with the same words', () => {
  const story = told(lost, recorded(lost, ['signaller']))
  const bare = storyLines(story, { colors: plain, width: 100 })
  expect(
    bare
      .slice(bare.indexOf('what this is called'))
      .join('\n')
      .replace(/:\d{3}/g, ':___'),
  ).toMatchInlineSnapshot(`
    "what this is called
      lost wake-up: pthread_cond_signal by signaller at step 1 (story.test.ts:___) finds nobody waiting
        for condition variable at cond+0; waiter waits for it since step 3 (story.test.ts:___), and no
        signal comes after that"
  `)
  const painted = storyLines(story, { colors: pc.createColors(true), width: 100 })
  const escape = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g')
  expect(painted.join('\n')).not.toBe(bare.join('\n'))
  expect(painted.map((line) => line.replace(escape, ''))).toEqual(bare)
  expect(findingLines([], { colors: plain, width: 80 })).toEqual([])
})

test('in plain text for reports: no colours, no line wider than 100 columns, whatever things are called', () => {
  const story = ringStory(9)
  const long = 'a_program_with_a_name_that_goes_on_and_on_as_if_there_were_no_end_to_it_at_all'
  const rename = (wait: StoryWait): StoryWait => ({ ...wait, thread: long, object: `${long}/${long}` })
  const renamed: Story = { ...story, circle: [], circles: [], waits: story.waits.map(rename) }
  for (const one of [story, renamed]) for (const line of plainLines(one)) expect(line.length).toBeLessThanOrEqual(100)
  expect(plainLines(story).join('\n')).not.toContain(String.fromCharCode(27))
})
