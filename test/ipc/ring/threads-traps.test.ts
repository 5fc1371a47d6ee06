import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { attachConsumer, create, watch } from 'ipclab/ring'
import { expect, test } from 'vitest'
import { importsOf } from '../../structure/rules.ts'

/** What bites between threads, whatever the ring does: as README tells it. */

const root = resolve(import.meta.dirname, '../../..')
const face = pathToFileURL(join(root, '.build/ipc/ring/index.js')).href

test('who blocks hears no exit; who awaits is told that its peer is dead', async () => {
  const ring = create({ kind: 'spsc', messageBytes: 8, capacity: 4 })
  const consumer = attachConsumer(ring)
  const text = `const { parentPort, threadId, workerData } = require('node:worker_threads')
    import(${JSON.stringify(face)}).then(({ attachProducer }) => {
      attachProducer(workerData, { owner: threadId })
      parentPort.postMessage('attached')
      setTimeout(() => process.exit(), 20)
    })`
  const worker = new Worker(text, { eval: true, workerData: ring })
  watch(worker, ring)
  await new Promise((attached) => worker.once('message', attached))
  expect(consumer.wait({ timeout: 300 })).toBe('timed out')
  expect(await consumer.waitAsync()).toBe('peer dead')
})

/** The modules that are loaded with a script. */
function modulesOf(script: string, seen = new Set<string>()): Set<string> {
  if (seen.has(script)) return seen
  seen.add(script)
  for (const { specifier } of importsOf(readFileSync(script, 'utf8')))
    if (specifier.startsWith('.')) modulesOf(resolve(dirname(script), specifier), seen)
  return seen
}

// Node 20 aborts the process when a worker is terminated that loops in the body of such a module.
test.each(['test/ipc/ring/stress/peer-worker.ts', 'explore/workers/thread.ts'])(
  '%s awaits nothing at its top',
  (script) => {
    const modules = modulesOf(join(root, script))
    expect(modules.size).toBeGreaterThan(4)
    const awaits = [...modules].filter((path) => awaitsAtTop(readFileSync(path, 'utf8')))
    expect(awaits).toEqual([])
  },
)

/** What stands at the top begins a line: all code here is formatted so. */
const awaitsAtTop = (text: string): boolean => /^(?!\s|\/|\*|.*(=>|async))[^\n]*\bawait\b/m.test(text)

test('an await at the top of a module is seen', () => {
  for (const text of ['await go()', 'const a = await go()', 'for await (const a of b) {', 'if (await go()) {'])
    expect(awaitsAtTop(`import 'x'\n${text}\n`)).toBe(true)
  for (const text of ['async function f() {\n  await go()\n}', 'const f = async () => await go()', '// await'])
    expect(awaitsAtTop(text)).toBe(false)
})
