import {
  done,
  fail,
  invariant,
  peek,
  type Ref,
  readMemory,
  reads,
  SIZE,
  writeMemory,
  writes,
} from '../../kernel/index.ts'
import type { OpenFile } from './file.ts'
import { O_APPEND, POLLIN, POLLOUT } from './flags.ts'
import { defineOperations } from './operations.ts'

/** Regular files, as a shared memory object is one on Linux: bytes at an offset that goes on by itself. */

const memoryOf = (kernel: Parameters<typeof peek>[0], open: OpenFile) => {
  const { memory } = peek(kernel, open.file)
  invariant(memory !== null, 'a regular file has memory', open.file)
  return memory
}

defineOperations<OpenFile>('open file', {
  read: {
    attempt(kernel, _thread, open, count) {
      const description = writes(kernel, open.id as Ref<OpenFile>)
      const bytes = readMemory(kernel, memoryOf(kernel, open), description.position, count)
      description.position += bytes.length
      return done(kernel, bytes)
    },
  },
  write: {
    attempt(kernel, _thread, open, data) {
      const memory = memoryOf(kernel, open)
      const description = writes(kernel, open.id as Ref<OpenFile>)
      const at = (open.flags & O_APPEND) !== 0 ? reads(kernel, memory, SIZE).size : description.position
      if (!Number.isSafeInteger(at + data.length)) return fail(kernel, 'EFBIG')
      writeMemory(kernel, memory, at, data)
      description.position = at + data.length
      return done(kernel, data.length)
    },
  },
  poll: () => POLLIN | POLLOUT,
  unread: (kernel, open) =>
    reads(kernel, memoryOf(kernel, open), SIZE).size - reads(kernel, open.id as Ref<OpenFile>).position,
})
