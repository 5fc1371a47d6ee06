import { attachConsumer, create, type Woken } from 'ipclab/ring'
import { MESSAGE_BYTES } from '../stress/messages.ts'
import { type Job, Peer } from './peers.ts'
import { web } from './web.ts'

/** A page's worker: it blocks where it has to wait. It holds a lock as long as it lives, by which the page knows that it is dead. */
web.onmessage = async ({ data }) => {
  if (data === 'make another') return web.postMessage(await makesAnother())
  const { job, lock } = data as { job: Job; lock: string }
  try {
    await holdForEver(lock)
    // One sleeps at once, and another spins first.
    const peer = new Peer(job, (end) => end.wait(job.who % 2 === 0 ? { spin: 0 } : {}))
    web.postMessage({ number: peer.number })
    web.postMessage({ moved: await peer.play() })
  } catch (error) {
    web.postMessage({ fault: (error as Error).message })
  }
}

/** It blocks as soon as it has made a worker of its own; and then awaits. */
async function makesAnother(): Promise<{ blocked: Woken; awaited: Woken }> {
  const handle = create({ kind: 'spsc', messageBytes: MESSAGE_BYTES, capacity: 4 })
  const consumer = attachConsumer(handle)
  const worker = new web.Worker(new URL(import.meta.url), { type: 'module' })
  worker.postMessage({ job: { handle, role: 'producer', who: 0, manner: 'one', count: 1 }, lock: crypto.randomUUID() })
  const blocked = consumer.wait({ timeout: 500 })
  return { blocked, awaited: await consumer.waitAsync({ timeout: 10_000 }) }
}

function holdForEver(lock: string): Promise<void> {
  return new Promise((held) => {
    void web.navigator.locks.request(lock, { ifAvailable: true }, () => {
      held()
      return new Promise(() => {})
    })
  })
}
