/** `ipclab/ring`: rings in shared memory, between worker threads, and pages and their workers. */
export {
  type AttachConsumerOptions,
  type AttachOptions,
  type AttachProducerOptions,
  attachConsumer,
  attachProducer,
} from './attach.ts'
export { type Fields, type NumberType, type Schema, type Struct, struct } from './codecs/struct.ts'
export { popJson, popText, pushJson, pushText } from './codecs/text.ts'
export { create, type RingHandle, type RingOptions } from './create.ts'
export type { End } from './ends.ts'
export { RingError, type RingErrorCode } from './errors.ts'
export type { RingKind } from './layout.ts'
export type { MpmcConsumer, MpmcProducer } from './mpmc.ts'
export type { MpscConsumer } from './mpsc-consumer.ts'
export { close, declareDead, declareOwnerDead, type Exiting, watch } from './outside.ts'
export type { Tune } from './pace.ts'
export type { RecordConsumer } from './record-consumer.ts'
export type { RecordOptions, RecordProducer } from './record-producer.ts'
export type { SpscConsumer } from './spsc-consumer.ts'
export type { SpscProducer } from './spsc-producer.ts'
export type { StreamOptions } from './stream.ts'
export type { AsyncWaitOptions, Signal, WaitOptions, Woken } from './waiting.ts'
