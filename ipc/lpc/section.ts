import {
  type Args,
  type Call,
  call,
  create,
  createMemory,
  defineCall,
  defineKind,
  done,
  fail,
  type Id,
  isUnmapped,
  type Kernel,
  type MemoryObject,
  mapMemory,
  PAGE_SIZE,
  PROT_READ,
  PROT_WRITE,
  peek,
  type Ref,
  release,
  retain,
  type Thread,
  unmapMemory,
} from '../../kernel/index.ts'
import { defineHandledKind, type Handle, type Handled, handleGiven, insertHandle, resolve } from './handles.ts'
import { unsigned } from './message.ts'
import type { View } from './port.ts'
import { type NtStatus, ntError } from './status.ts'

/** Sections: memory that several processes may map. Ports map views of them in both processes of a connection. */

export interface Section extends Handled {
  readonly kind: 'nt section'
  readonly memory: Ref<MemoryObject>
  /** In bytes, a multiple of a page. */
  readonly size: number
}

defineKind<Section>('nt section', {
  free: (kernel, { memory }) => release(kernel, memory),
})
defineHandledKind('nt section')

/** PORT_VIEW, as far as a program gives it: which part of which section is to be seen by both sides. */
export interface PortView {
  readonly section: Handle
  /** In bytes, a multiple of a page. Default 0. */
  readonly offset?: number
  /** In bytes; 0, the default, is all up to the section's end. Rounded up to a page. */
  readonly size?: number
  /** The structure's own Length, which has to be right. */
  readonly length?: number
}

/** REMOTE_PORT_VIEW: room to be told of the other side's view. */
export interface RemotePortView {
  readonly length?: number
}

/** sizeof(PORT_VIEW) and sizeof(REMOTE_PORT_VIEW), in the 32-bit layout. */
const PORT_VIEW_LENGTH = 24
const REMOTE_PORT_VIEW_LENGTH = 12

/** What became of a client's view. */
export interface ClientViewState {
  readonly size: number
  readonly offset: number
  /** Where the client sees it. */
  readonly base: number
  /** Where the server does; 0 until it has accepted. */
  remoteBase: number
}

export interface ServerViewState {
  readonly size: number
  /** Where the client sees it. */
  readonly base: number
}

/** A wish for a view as call argument; `null`: none. */
export type ViewArgs = {
  readonly section: Handle
  readonly offset: number
  readonly size: number
  readonly length: number
} | null

export function viewGiven(view: PortView | null | undefined): ViewArgs {
  if (view === null || view === undefined) return null
  const { section, offset = 0, size = 0, length = PORT_VIEW_LENGTH } = Object(view) as PortView // whatever it is
  return { section: handleGiven(section), offset: unsigned(offset), size: unsigned(size), length: unsigned(length) }
}

/** The Length of the structure, 0 where there is none. */
export function remoteViewGiven(view: RemotePortView | boolean | null | undefined): number {
  if (view === null || view === undefined || view === false) return 0
  if (view === true) return REMOTE_PORT_VIEW_LENGTH
  return unsigned((Object(view) as RemotePortView).length ?? REMOTE_PORT_VIEW_LENGTH) // whatever it is
}

/** Whether the lengths that the structures say of themselves are right. */
export const areViewsSound = (own: ViewArgs, remoteLength: number): boolean =>
  (own === null || own.length === PORT_VIEW_LENGTH) && [0, REMOTE_PORT_VIEW_LENGTH].includes(remoteLength)

/** The section behind a view's handle. */
export const sectionAt = (kernel: Kernel, thread: Thread, handle: Handle): Ref<Section> | NtStatus =>
  resolve<Section>(kernel, thread, handle, 'nt section')

/** Maps a part of a section in a process. */
export function mapView(
  kernel: Kernel,
  process: Id,
  ref: Ref<Section>,
  offset: number,
  wished: number,
): View | NtStatus {
  const { memory, size } = peek(kernel, ref)
  if (offset % PAGE_SIZE !== 0) return 'STATUS_MAPPED_ALIGNMENT'
  const length = wished === 0 ? size - offset : wished
  if (offset >= size || offset + length > size) return 'STATUS_INVALID_VIEW_SIZE'
  const base = mapMemory(kernel, process, {
    start: null,
    length,
    prot: PROT_READ | PROT_WRITE,
    shared: true,
    object: memory,
    offset,
  })
  return { process, base, size: wholePages(length) }
}

const wholePages = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE

/** Unmaps a view, unless its process has ended: then it is unmapped. */
export function unmapView(kernel: Kernel, { process, base, size }: View): void {
  const owner = kernel.state.processes[process]
  if (owner?.status === 'alive' && !isUnmapped(owner, base, size)) unmapMemory(kernel, process, base, size)
}

const SIZE_MAX = 2 ** 31

interface SectionArgs extends Args {
  readonly size: number
}

const createDef = defineCall<SectionArgs, Handle>({
  name: 'NtCreateSection',
  error: ntError,
  stages: [
    {
      attempt(kernel, thread, { size }) {
        if (size === 0 || size > SIZE_MAX) return fail(kernel, 'STATUS_INVALID_PARAMETER_4')
        const memory = createMemory(kernel, thread, 'section', wholePages(size))
        retain(kernel, memory)
        const section = create<Section>(kernel, thread, (id) => ({
          id,
          kind: 'nt section',
          refs: 0,
          handles: 0,
          memory,
          size: wholePages(size),
        }))
        return done(kernel, insertHandle(kernel, thread.process, section))
      },
    },
  ],
})

/**
 * Makes a section of so many bytes, rounded up to a page, all zeros; returns a handle. To be seen it has to be given to a connection: see
 * NtConnectPort and NtAcceptConnectPort.
 * @throws NtError STATUS_INVALID_PARAMETER_4 (no bytes, or too many)
 */
export const NtCreateSection = (size: number): Call<Handle> => call(createDef, { size: unsigned(size) })
