import { type Kernel, type Ref, reads } from '../../kernel/index.ts'
import type { Opened } from './file.ts'
import { O_NONBLOCK } from './flags.ts'

/** Status flags: a part of the open file that F_SETFL changes for all its descriptors. */
export const FLAGS = 1

export const flagsOf = (kernel: Kernel, open: Opened): number => reads(kernel, open.id as Ref<Opened>, FLAGS).flags

/** Whether calls fail with EAGAIN where they would wait. */
export const isNonblocking = (kernel: Kernel, open: Opened): boolean => (flagsOf(kernel, open) & O_NONBLOCK) !== 0
