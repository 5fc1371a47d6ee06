import { type Call, call, defineCall } from './call.ts'
import { cheaply, PosixError } from './errors.ts'
import { done, fail, type Kernel } from './kernel.ts'
import { createMemory, mapMemory } from './memory.ts'
import { release, retain } from './objects.ts'
import { PROT_READ, PROT_WRITE } from './paging.ts'

/** Memory without a name, for scenarios that are not about how memory comes to be shared. */

const mapDef = defineCall<{ readonly bytes: number; readonly shared: boolean; readonly name: string }, number>({
  name: 'map_anonymous',
  error: (code, name) => cheaply(() => new PosixError(code, name)),
  stages: [
    {
      attempt(kernel: Kernel, thread, { bytes, shared, name }) {
        if (!Number.isInteger(bytes) || bytes <= 0) return fail(kernel, 'EINVAL')
        const object = createMemory(kernel, thread, name, bytes)
        retain(kernel, object) // while it is being mapped
        const wish = { start: null, length: bytes, prot: PROT_READ | PROT_WRITE, shared, object, offset: 0 }
        const address = mapMemory(kernel, thread.process, wish)
        release(kernel, object)
        return done(kernel, address)
      },
    },
  ],
})

/**
 * Maps zeroed memory that forked children, and programs started after `setup`, share (or, not `shared`, get copies of
 * on write); returns its address. mmap(2) with MAP_ANONYMOUS
 * @param name what to call it in reports
 * @throws PosixError EINVAL
 */
export const map_anonymous = (bytes: number, { shared = true, name = 'memory' } = {}): Call<number> =>
  call(mapDef, { bytes, shared, name })
