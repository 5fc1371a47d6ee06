/** `ipclab/ring`: rings in shared memory, between worker threads, and pages and their workers. */
export { create, type RingHandle, type RingOptions } from './create.ts'
export { declareDead, type End } from './ends.ts'
export { RingError, type RingErrorCode } from './errors.ts'
export type { RingKind } from './layout.ts'
export { SpscConsumer } from './spsc-consumer.ts'
export { SpscProducer } from './spsc-producer.ts'
export type { AsyncWaitOptions, WaitOptions, Woken } from './waiting.ts'
