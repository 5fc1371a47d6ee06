import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { attachConsumer, attachProducer, create } from 'ipclab/ring'
import { expect, test } from 'vitest'

/** What awaiting promises beyond being woken: the process stays, and who has given up already gets nothing. */

const face = pathToFileURL(join(import.meta.dirname, '../../../.build/ipc/ring/index.js')).href
const message = (): Float64Array => new Float64Array(1)
const ring = () => {
  const handle = create({ kind: 'spsc', capacity: 2, messageBytes: 8 })
  return { producer: attachProducer(handle), consumer: attachConsumer(handle) }
}

// A promise of Atomics.waitAsync alone keeps no process going: nodejs/node 44729.
test('a process that awaits a message, and has nothing else to do, stays until the wait is over', () => {
  const code = `import { attachConsumer, create } from ${JSON.stringify(face)}
    const consumer = attachConsumer(create({ kind: 'spsc', capacity: 2, messageBytes: 8 }))
    consumer.waitAsync({ timeout: 250 }).then((woken) => console.log(woken))`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code])
  expect(child.stdout.toString()).toBe('timed out\n')
})

test('who has given up before it began to wait gets no message, and the message stays', async () => {
  const { producer, consumer } = ring()
  producer.push(message())
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(consumer.waitAsync({ signal })).rejects.toThrow('enough')
  await expect(consumer.popAsync(message(), { signal })).rejects.toThrow('enough')
  expect(consumer.pop(message())).toBe(true)
})

test('who has given up before it began to wait sends none', async () => {
  const { producer, consumer } = ring()
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(producer.pushAsync(message(), { signal })).rejects.toThrow('enough')
  expect(consumer.pop(message())).toBe(false)
})
