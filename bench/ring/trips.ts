import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { attachConsumer, attachProducer, create, type RingHandle } from '../../ipc/ring/index.ts'
import type { Contender } from './work.ts'

/** A message of eight bytes there and back, by each way of waiting. The side that sends first says how long each trip took, in ns. */

/** Trips that are timed together where one takes less than the clock, here as in native.cpp. */
const TOGETHER = 10

type Ring = RingHandle<'spsc'>

interface Ends {
  readonly out: Ring
  readonly back: Ring
}

function rings() {
  const make = () => create({ kind: 'spsc', messageBytes: 8, capacity: 16 })
  const [there, back] = [make(), make()]
  return { producer: { out: there, back }, consumer: { out: back, back: there } }
}

const attach = ({ out, back }: Ends) => ({ producer: attachProducer(out), consumer: attachConsumer(back) })

function expect(message: Float64Array, number: number): void {
  if (message[0] !== number) throw new Error(`answer ${number} is to come, and it is ${message[0]}`)
}

export const spinning: Contender = {
  share: rings,
  producer(shared) {
    const { producer, consumer } = attach(shared as Ends)
    const message = new Float64Array(1)
    return (count) => {
      const times: number[] = []
      for (let i = 1; i <= count; ) {
        const from = performance.now()
        for (const end = i + TOGETHER; i < end; i++) {
          message[0] = i
          producer.push(message)
          while (!consumer.pop(message));
          expect(message, i)
        }
        times.push(((performance.now() - from) * 1e6) / TOGETHER)
      }
      return times
    }
  },
  consumer(shared) {
    const { producer, consumer } = attach(shared as Ends)
    const message = new Float64Array(1)
    return (count) => {
      for (let i = 1; i <= count; i++) {
        while (!consumer.pop(message));
        producer.push(message)
      }
    }
  },
}

/** @param spin looks before it sleeps */
const waiting = (spin: number | undefined): Contender => ({
  share: rings,
  producer(shared) {
    const { producer, consumer } = attach(shared as Ends)
    const message = new Float64Array(1)
    return (count) => {
      const times: number[] = []
      for (let i = 1; i <= count; i++) {
        const from = performance.now()
        message[0] = i
        producer.push(message)
        while (!consumer.pop(message)) consumer.wait({ spin })
        expect(message, i)
        times.push((performance.now() - from) * 1e6)
      }
      return times
    }
  },
  consumer(shared) {
    const { producer, consumer } = attach(shared as Ends)
    const message = new Float64Array(1)
    return (count) => {
      for (let i = 1; i <= count; i++) {
        while (!consumer.pop(message)) consumer.wait({ spin })
        producer.push(message)
      }
    }
  },
})

export const blocking = waiting(0)
export const spinThenBlock = waiting(undefined)

export const awaiting: Contender = {
  share: rings,
  producer(shared) {
    const { producer, consumer } = attach(shared as Ends)
    const message = new Float64Array(1)
    return async (count) => {
      const times: number[] = []
      for (let i = 1; i <= count; i++) {
        const from = performance.now()
        message[0] = i
        producer.push(message)
        while (!consumer.pop(message)) await consumer.waitAsync()
        expect(message, i)
        times.push((performance.now() - from) * 1e6)
      }
      return times
    }
  },
  consumer(shared) {
    const { producer, consumer } = attach(shared as Ends)
    const message = new Float64Array(1)
    return async (count) => {
      for (let i = 1; i <= count; i++) {
        while (!consumer.pop(message)) await consumer.waitAsync()
        producer.push(message)
      }
    }
  },
}

/** MessagePort's own events. */
export const portEvents: Contender = {
  share() {
    const { port1, port2 } = new MessageChannel()
    return { producer: port1, consumer: port2, moved: [port1, port2] }
  },
  producer(shared) {
    const port = shared as MessagePort
    const message = new Float64Array(1)
    return (count) =>
      new Promise((resolve, reject) => {
        const times: number[] = []
        let from = 0
        function send(): void {
          from = performance.now()
          message[0] = times.length + 1
          port.postMessage(message)
        }
        port.on('message', (answer: Float64Array) => {
          try {
            expect(answer, times.length + 1)
          } catch (error) {
            return reject(error)
          }
          times.push((performance.now() - from) * 1e6)
          if (times.length < count) return send()
          port.removeAllListeners('message')
          resolve(times)
        })
        send()
      })
  },
  consumer(shared) {
    const port = shared as MessagePort
    return (count) =>
      new Promise<void>((resolve) => {
        let answered = 0
        port.on('message', (message: Float64Array) => {
          port.postMessage(message)
          answered += 1
          if (answered < count) return
          port.removeAllListeners('message')
          resolve()
        })
      })
  },
}
