import type { Server } from 'node:http'
import { resolve } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds, type RingKind } from '../../../../ipc/ring/layout.ts'
import { manners } from '../stress/ends.ts'
import { findChromium, isRequired, NAMES } from './find.ts'
import type { Crossing, Place } from './scenes.ts'
import { serve } from './server.ts'

/** Rings in Chromium, between a page, which awaits, and its workers, which block. */

const program = findChromium(process.env)
const MISSING = `no Chromium here: install one (${NAMES.join(', ')}), or say in CHROMIUM where it is`

if (program === null && !isRequired(process.env)) process.stderr.write(`\nrings in a browser: not tested; ${MISSING}\n`)

describe.skipIf(program === null && !isRequired(process.env))(`in Chromium (${program ?? MISSING})`, () => {
  let browser: Browser
  let server: Server
  let at = ''
  let page: Page
  const faults: string[] = []

  beforeAll(async () => {
    if (program === null) throw new Error(MISSING)
    // Whoever is root has no sandbox.
    browser = await chromium.launch({ executablePath: program, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
    const served = await serve(resolve(import.meta.dirname, '../../../../.build'))
    server = served.server
    at = served.at
    page = await open()
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  /** A page that has the scenes. */
  async function open(path = '/'): Promise<Page> {
    const page = await browser.newPage()
    page.on('pageerror', (error) => faults.push(error.message))
    await page.goto(at + path)
    await page.waitForFunction('globalThis.scenes')
    return page
  }

  const play = async (scene: string, ...args: unknown[]): Promise<unknown> => {
    const given = args.map((one) => JSON.stringify(one)).join()
    const result = await page.evaluate(`scenes.${scene}(${given})`)
    expect(faults).toEqual([])
    return result
  }

  const crossings: [kind: RingKind, producers: Place[], consumers: Place[]][] = [
    ['spsc', ['page'], ['worker']],
    ['spsc', ['worker'], ['page']],
    ['records', ['page'], ['worker']],
    ['records', ['worker'], ['page']],
    ['mpsc', ['page', 'worker'], ['worker']],
    ['mpsc', ['worker', 'worker'], ['page']],
    ['mpmc', ['page', 'worker'], ['page', 'worker']],
  ]

  async function crosses(count: number, ...crossing: (typeof crossings)[number]): Promise<void> {
    const { sent, got } = (await play('carry', ...crossing, count)) as Crossing
    expect(got).toEqual(sent)
    expect(Object.values(sent).map((all) => all >= count * manners.length)).toEqual(crossing[1].map(() => true))
  }

  test.each(crossings)('%s from %j to %j: all arrives, in order, up to the end', async (...crossing) => {
    const before = (await play('sleepsCounted')) as number
    await crosses(200, ...crossing)
    expect(await play('sleepsCounted')).toBeGreaterThan(before)
  })

  test.each(kinds)('%s: a stream ends when all is sent', async (kind) => {
    expect(await play('stream', kind, 500)).toBe(500)
  })

  test('a wait is given up by time or a signal, for its reason', async () => {
    expect(await play('givenUp')).toEqual({
      'timed out': 'timed out',
      'aborted before': 'Error: no',
      'aborted meanwhile': 'Error: enough',
      'a stream': expect.stringMatching(/^TimeoutError: /),
    })
  })

  test('a worker is terminated at its work: the page is told, and goes on with a fresh one', async () => {
    const peerIs = { told: 'peer dead', afterwards: 'ready' }
    // Of many, nobody is told that one is gone.
    const oneIs = { told: 'timed out', afterwards: 'ready' }
    expect(await play('deaths')).toEqual({
      spsc: { producer: peerIs, consumer: peerIs },
      records: { producer: peerIs, consumer: peerIs },
      mpsc: { producer: peerIs, consumer: peerIs },
      mpmc: { producer: oneIs, consumer: oneIs },
    })
  })

  test('a worker that blocks holds up those that it has just made', async () => {
    expect(await play('blocksTooSoon')).toEqual({ blocked: 'timed out', awaited: 'ready' })
  })

  test('texts, values and fields come out as they went in', async () => {
    expect(await play('codecs')).toEqual({
      texts: true,
      json: { a: [1, 'ü', null] },
      fields: { id: 7, price: 1.25, at: String(2n ** 62n) },
    })
  })

  test('a page that would block is told to await', async () => {
    expect(await play('refusal', 'block')).toMatch(/^RingError, not here: .* await waitAsync\(\) instead/)
  })

  test('a page that is not isolated is told which headers to send', async () => {
    page = await open('/alone')
    expect(await play('refusal', 'create')).toMatch(
      /^RingError, not here: .*Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp/,
    )
  })

  test('all goes on where Atomics.waitAsync is missing', async () => {
    page = await open()
    expect(await play('takeWaitAsyncAway')).toBe(true)
    for (const crossing of crossings) await crosses(20, ...crossing)
    expect(await play('givenUp')).toMatchObject({ 'timed out': 'timed out', 'aborted meanwhile': 'Error: enough' })
  })
})
