import type { Contender } from './work.ts'

/** Who takes part, by name: each is loaded where it runs, so that no worker's code has seen another one's calls. */
export const contenders: { readonly [name: string]: () => Promise<Contender> } = {
  'ours, one at a time': async () => (await import('./ours.ts')).spsc,
  'ours, deferred': async () => (await import('./ours.ts')).deferred,
  'ours, batches': async () => (await import('./ours.ts')).batches,
  'ours, mpsc': async () => (await import('./ours.ts')).mpsc,
  'ours, mpmc': async () => (await import('./ours.ts')).mpmc,
  'ours, records': async () => (await import('./records.ts')).ours,
  'ours, spinning': async () => (await import('./trips.ts')).spinning,
  'ours, blocking': async () => (await import('./trips.ts')).blocking,
  'ours, spinning, then blocking': async () => (await import('./trips.ts')).spinThenBlock,
  'ours, awaiting': async () => (await import('./trips.ts')).awaiting,
  line: async () => (await import('./line.ts')).line,
  'ringbuf.js, one at a time': async () => (await import('./ringbuf.ts')).oneAtATime,
  'ringbuf.js, batches': async () => (await import('./ringbuf.ts')).messages,
  'ringbuf.js, records': async () => (await import('./records.ts')).prefixed,
  MessagePort: async () => (await import('./message-port.ts')).messagePort,
  'MessagePort, events': async () => (await import('./trips.ts')).portEvents,
}
