/** JavaScript's own view of shared memory, simulated: `SharedArrayBuffer`, typed arrays over it, and `Atomics`. */
export { simulated as Atomics, type WaitResult } from './atomics.ts'
export {
  bigInt64Array,
  bigUint64Array,
  int8Array,
  int16Array,
  int32Array,
  type SharedArray,
  type SharedBuffer,
  shared_array_buffer,
  uint8Array,
  uint16Array,
  uint32Array,
} from './typed-array.ts'
