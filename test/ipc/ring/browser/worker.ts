import { type Job, Peer } from './peers.ts'
import { web } from './web.ts'

/** A page's worker: it blocks where it has to wait. It holds a lock as long as it lives, by which the page knows that it is dead. */
web.onmessage = async ({ data }) => {
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

function holdForEver(lock: string): Promise<void> {
  return new Promise((held) => {
    void web.navigator.locks.request(lock, { ifAvailable: true }, () => {
      held()
      return new Promise(() => {})
    })
  })
}
