import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { explore } from '../../explore/index.ts'
import { type AnyValues, isScenario, type Scenario } from '../../kernel/index.ts'

/** Every scenario of the library comes to the verdict that it expects, and shows on the way what it says it shows. */

const folder = join(import.meta.dirname, '../../scenarios')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(sep).join('/').replace(/\.ts$/, ''))
  .sort()

async function load(name: string): Promise<Scenario> {
  const { default: made } = (await import(join(folder, `${name}.ts`))) as { default: unknown }
  if (!isScenario(made)) throw new Error(`${name} exports no scenario`)
  return made
}

/** More runs than any of the library needs to be proved; about a second's worth of them. */
const EXECUTIONS = 300_000
/** More runs than that takes of schedules of which no two differ only in the order of independent steps. */
const REDUCED = 10_000
/** Where there would be more. */
const smaller: { readonly [name: string]: AnyValues } = {
  'classic/convoy': { rounds: 2 },
  'classic/philosophers': { philosophers: 3 },
}
/** Rings have too many schedules, however small. Where it is not to be proved, all that are allowed are made. */
const SAMPLES = 5_000
/** What these show is seen under policies: see timed-findings.test.ts. */
const TIMED_SAMPLES = 50

/** Their calls have many stages, or there are many: depth first they would take too long, and dpor is held to it elsewhere. */
const isReducedOnly = (name: string): boolean => /^((ring|mach|lpc|time)\/|posix\/two-filters-mended$)/.test(name)

const search = (name: string, made: Scenario, params: AnyValues = {}) =>
  explore(made, {
    executions: made.expect !== 'holds' ? EXECUTIONS : name.startsWith('time/') ? TIMED_SAMPLES : SAMPLES,
    params,
    ...(made.expect === 'proved' && { strategy: isReducedOnly(name) ? 'dpor' : 'dfs' }),
  })

describe('the library', () => {
  test('has the lessons that it should have', () => {
    expect(files.length).toBeGreaterThan(25)
  })

  test.each(files)('%s comes to the verdict that it expects', async (name) => {
    const made = await load(name)
    const { met, text, neverReached } = await search(name, made)
    expect([met, neverReached], text).toEqual(['as expected', []])
  })

  // Sooner than depth first: what it takes to be independent is put to the test by whatever there is.
  test.each(files.filter((name) => !isReducedOnly(name)))(
    '%s comes to it by partial-order reduction, too',
    async (name) => {
      const made = await load(name)
      const params = smaller[name] ?? {}
      const found = await explore(made, { strategy: 'dpor', executions: REDUCED, shrink: false, params })
      expect([found.met, found.neverReached], found.text).toEqual(['as expected', []])
    },
  )

  test.each(files)('%s says what it is, where it is from, and what can be changed', async (name) => {
    const made = await load(name)
    expect(made.title).toMatch(/^\w/)
    expect(made.source?.length).toBeGreaterThan(10)
    expect(made.about).toMatch(/\.$/)
    for (const [param, { about }] of Object.entries(made.params))
      expect(`${param}: ${about}`).toMatch(/: \w.{10,}[^.]$/)
  })

  test('no two scenarios have the same title', async () => {
    const titles = await Promise.all(files.map(async (name) => (await load(name)).title))
    expect(new Set(titles).size).toBe(titles.length)
  })
})

/** What a lesson tells its reader to try. */
const tries: [name: string, params: AnyValues, verdict: string][] = [
  ['textbook/shared-counter-mended', { by: 'compare-exchange' }, 'proved'],
  ['textbook/shared-counter-mended', { by: 'lock' }, 'proved'],
  ['textbook/bounded-buffer', { items: 2, buff_max: 3 }, 'proved'],
  ['textbook/direct-symmetric', { capacity: 0, rounds: 1 }, 'proved'],
  ['textbook/mailbox-of-a-process', { owner: 'kernel' }, 'proved'],
  ['textbook/mailbox-two-receivers', { messages: 2 }, 'proved'],
  ['textbook/mailbox-two-receivers', { receivers: 1 }, 'proved'],
  ['textbook/mailbox-two-receivers-mended', { messages: 2 }, 'proved'],
  ['textbook/non-blocking-send', { capacity: 3 }, 'proved'],
  ['textbook/rendezvous', { capacity: 1 }, 'invariant: what is sent is received'],
  ['textbook/rendezvous-both-send', { capacity: 1 }, 'proved'],
  ['posix/bounded-buffer', { slots: 2, producers: 1, items: 3 }, 'proved'],
  ['posix/too-early', { create: true }, 'proved'],
  ['posix/urgent', { stop_prio: 0 }, 'proved'],
  ['posix/signal-first', { looks: true }, 'proved'],
  ['posix/starved-writer', { rounds: 1 }, 'proved'],
  ['posix/read-twice', { prefers: 'readers' }, 'proved'],
  ['posix/robust', { workers: 3, repair: 'forgotten' }, 'uncaught error: ENOTRECOVERABLE'],
  ['posix/sem-undo', { undo: 'no' }, 'deadlock: deadlock'],
  ['posix/pipe', { items: 3 }, 'proved'],
  ['posix/pipe', { keep: true }, 'deadlock: deadlock'],
  ['posix/fifo', { items: 3 }, 'proved'],
  ['posix/socket', { early: false }, 'uncaught error: ENOENT'],
  ['posix/two-filters', { pages: 3 }, 'proved'],
  ['posix/two-filters', { pages: 4 }, 'deadlock: deadlock'],
  ['posix/sigpipe', { ignore: true }, 'proved'],
  ['posix/eintr', { again: true }, 'proved'],
  ['posix/eintr', { restart: true }, 'proved'],
  ['posix/double-close', { once: true }, 'proved'],
  ['posix/killed-heard', { keep: true }, 'deadlock: deadlock'],
  ['posix/killed-fifo', { parent: true }, 'proved'],
  ['atomics/counter', { by: 'add' }, 'proved'],
  ['atomics/mutex-forgets', { workers: 2 }, 'proved'],
]

test.each(tries)('%s with %j: %s', async (name, params, verdict) => {
  const found = await explore(await load(name), { strategy: 'dfs', executions: EXECUTIONS, params })
  const { failure } = found
  expect(failure === null ? found.verdict : `${failure.kind}: ${failure.name}`, found.text).toBe(verdict)
})
