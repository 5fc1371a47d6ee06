import type { Work } from './work.ts'

/** What is measured, and what is asked for. */

export interface Comparison {
  readonly ours: string
  readonly peer: string
  /** Ours over the peer's: of throughput at least, of round trips at most. */
  readonly asked: number
}

export interface Cell {
  /** For `--only`. */
  readonly name: string
  readonly work: Work
  /** Throughput, or the time of a round trip. */
  readonly measure: 'messages' | 'trips'
  readonly comparisons: readonly Comparison[]
}

/** Contenders that native.cpp plays. */
export const natives = {
  'C++': 'one',
  'C++, batches': 'batch',
  'C++, spinning': 'trip',
  'C++, condition variable': 'condvar',
} as const

const comparison = (ours: string, peer: string, asked: number): Comparison => ({ ours: `ours, ${ours}`, peer, asked })

const one = (bytes: number): Work => ({ bytes, batch: 1 })

export const cells: readonly Cell[] = [
  {
    name: '8B',
    work: one(8),
    measure: 'messages',
    comparisons: [
      comparison('one at a time', 'ringbuf.js, one at a time', 4),
      comparison('one at a time', 'C++', 1.6),
      comparison('one at a time', 'MessagePort', 45),
      comparison('deferred', 'ringbuf.js, one at a time', 8),
      comparison('deferred', 'C++', 3),
      comparison('mpsc', 'ringbuf.js, one at a time', 3),
      comparison('mpmc', 'ringbuf.js, one at a time', 1.4),
    ],
  },
  {
    name: '64B',
    work: one(64),
    measure: 'messages',
    comparisons: [
      comparison('one at a time', 'ringbuf.js, one at a time', 2.8),
      comparison('one at a time', 'C++', 1.7),
      comparison('one at a time', 'MessagePort', 55),
      comparison('deferred', 'ringbuf.js, one at a time', 5.5),
      comparison('deferred', 'C++', 3.5),
    ],
  },
  {
    name: '1KiB',
    work: one(1024),
    measure: 'messages',
    comparisons: [
      comparison('one at a time', 'ringbuf.js, one at a time', 2),
      comparison('one at a time', 'C++', 1.6),
      comparison('one at a time', 'MessagePort', 45),
    ],
  },
  {
    name: '64KiB',
    work: one(65_536),
    measure: 'messages',
    comparisons: [
      comparison('one at a time', 'ringbuf.js, one at a time', 2.6),
      comparison('one at a time', 'C++', 0.7),
      comparison('one at a time', 'MessagePort', 12),
    ],
  },
  {
    name: '8B-batches',
    work: { bytes: 8, batch: 64 },
    measure: 'messages',
    comparisons: [comparison('batches', 'ringbuf.js, batches', 1.5), comparison('batches', 'C++, batches', 0.5)],
  },
  {
    name: '64B-batches',
    work: { bytes: 64, batch: 64 },
    measure: 'messages',
    comparisons: [comparison('batches', 'ringbuf.js, batches', 2.2), comparison('batches', 'C++, batches', 0.5)],
  },
  {
    name: 'records',
    work: one(240),
    measure: 'messages',
    comparisons: [comparison('records', 'ringbuf.js, records', 6)],
  },
  {
    name: 'spinning',
    work: one(8),
    measure: 'trips',
    comparisons: [comparison('spinning', 'C++, spinning', 1.6)],
  },
  {
    name: 'blocking',
    work: one(8),
    measure: 'trips',
    comparisons: [
      comparison('blocking', 'C++, condition variable', 1.1),
      comparison('spinning, then blocking', 'ours, blocking', 0.04),
    ],
  },
  {
    name: 'awaiting',
    work: one(8),
    measure: 'trips',
    comparisons: [comparison('awaiting', 'MessagePort, events', 0.7)],
  },
]
