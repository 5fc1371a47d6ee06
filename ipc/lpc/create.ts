import {
  type Args,
  type Call,
  call,
  create,
  defineCall,
  done,
  fail,
  type Id,
  type Kernel,
  type Outcome,
  type Ref,
  release,
  retain,
  type Thread,
} from '../../kernel/index.ts'
import { type Handle, insertHandle } from './handles.ts'
import { MAX_CONNECT_INFO, MAX_MESSAGE_LENGTH, unsigned } from './message.ts'
import { giveName, nameError, nameGiven } from './names.ts'
import { newPort, type Port } from './port.ts'
import { ntError } from './status.ts'

/** Making ports that clients connect to, and ports that are connected to nobody. */

/** The one attribute that is valid for ports; upper and lower case are told apart all the same. */
export const OBJ_CASE_INSENSITIVE = 0x40

/** OBJECT_ATTRIBUTES, or the name alone; `null` for no name. */
export type ObjectAttributes = string | null | { readonly name?: string | null; readonly attributes?: number }

interface CreateArgs extends Args {
  /** Empty: none. */
  readonly name: string
  readonly attributes: number
  readonly maxConnectInfoLength: number
  readonly maxMessageLength: number
}

function attempt(kernel: Kernel, thread: Thread, args: CreateArgs, waitable: boolean): Outcome {
  const { name, attributes, maxConnectInfoLength, maxMessageLength } = args
  if ((attributes & ~OBJ_CASE_INSENSITIVE) !== 0) return fail(kernel, 'STATUS_INVALID_PARAMETER')
  if (maxConnectInfoLength > MAX_CONNECT_INFO) return fail(kernel, 'STATUS_INVALID_PARAMETER_3')
  if (maxMessageLength > MAX_MESSAGE_LENGTH) return fail(kernel, 'STATUS_INVALID_PARAMETER_4')
  const error = name === '' ? null : nameError(kernel, name)
  if (error !== null) return fail(kernel, error)
  const port = create<Port>(kernel, thread, (id) => portToBe(id, thread, args, waitable))
  retain(kernel, port)
  if (name !== '') giveName(kernel, name, port)
  const handle = insertHandle(kernel, thread.process, port)
  release(kernel, port, thread)
  return done(kernel, handle)
}

function portToBe(id: Ref<Port>, { process }: Thread, { name, maxMessageLength }: CreateArgs, waitable: boolean): Port {
  const common = { id, maxMessageLength, waitable, connectionPort: id }
  if (name === '') return newPort({ ...common, type: 'unconnected', name: `port ${id as Id}`, connectedPort: id })
  return newPort({ ...common, type: 'connection', name, serverProcess: process })
}

const createDef = defineCall<CreateArgs, Handle>({
  name: 'NtCreatePort',
  error: ntError,
  stages: [{ attempt: (kernel, thread, args) => attempt(kernel, thread, args, false) }],
})

const createWaitableDef = defineCall<CreateArgs, Handle>({
  name: 'NtCreateWaitablePort',
  error: ntError,
  stages: [{ attempt: (kernel, thread, args) => attempt(kernel, thread, args, true) }],
})

function given(attributes: ObjectAttributes | undefined, connect: unknown, message: unknown): CreateArgs {
  const object: Exclude<ObjectAttributes, string> =
    typeof attributes === 'object' ? attributes : { name: attributes ?? null }
  return {
    name: nameGiven(object?.name),
    attributes: unsigned(object?.attributes ?? OBJ_CASE_INSENSITIVE),
    maxConnectInfoLength: unsigned(connect),
    maxMessageLength: unsigned(message),
  }
}

/**
 * Makes a port and returns a handle on it: with a name a connection port, which clients connect to; without one an
 * unconnected port, whose messages come back to it.
 * @param MaxConnectInfoLength at most 260; it is validated and then forgotten, and the limit is 260
 * @param MaxDataLength the most that a message's TotalLength, header of 24 bytes included, may be; at most 328
 * @param _MaxPoolUsage is ignored
 * @throws NtError STATUS_INVALID_PARAMETER (attributes), _3, _4, STATUS_OBJECT_NAME_COLLISION, _NAME_INVALID,
 *   _PATH_NOT_FOUND, _PATH_SYNTAX_BAD
 */
export const NtCreatePort = (
  ObjectAttributes: ObjectAttributes,
  MaxConnectInfoLength: number = MAX_CONNECT_INFO,
  MaxDataLength: number = MAX_MESSAGE_LENGTH,
  _MaxPoolUsage = 0,
): Call<Handle> => call(createDef, given(ObjectAttributes, MaxConnectInfoLength, MaxDataLength))

/**
 * As `NtCreatePort`, a port that can be waited for: `NtWaitForSingleObject` returns while there is a message. XP has a
 * type of its own for them, WaitablePort, which no status tells from the other here.
 */
export const NtCreateWaitablePort = (
  ObjectAttributes: ObjectAttributes,
  MaxConnectInfoLength: number = MAX_CONNECT_INFO,
  MaxDataLength: number = MAX_MESSAGE_LENGTH,
  _MaxPoolUsage = 0,
): Call<Handle> => call(createWaitableDef, given(ObjectAttributes, MaxConnectInfoLength, MaxDataLength))
