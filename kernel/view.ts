import {
  await_,
  type BlindOrder,
  compareExchange,
  load,
  type RmwOp,
  rmw,
  sizeOf,
  store,
  storeAdd,
  type Type,
  type ValueOf,
} from './access.ts'
import type { Call } from './call.ts'
import type { MemoryOrder } from './footprint.ts'

/** An array of one type in simulated memory, by index. */
export class View<T extends Type> {
  readonly type: T
  /** Address of element 0. */
  readonly base: number
  readonly #size: number

  constructor(type: T, base: number) {
    this.type = type
    this.base = base
    this.#size = sizeOf[type]
  }

  at(index: number): number {
    return this.base + index * this.#size
  }

  load(index = 0, order: MemoryOrder = 'plain'): Call<ValueOf<T>> {
    return load(this.at(index), this.type, order)
  }

  store(index: number, value: ValueOf<T>, order: MemoryOrder = 'plain'): Call<void> {
    return store(this.at(index), this.type, value, order)
  }

  rmw(op: RmwOp, index: number, value: ValueOf<T>, order: MemoryOrder = 'seq_cst'): Call<ValueOf<T>> {
    return rmw(op, this.at(index), this.type, value, order)
  }

  add(index: number, value: ValueOf<T>, order: MemoryOrder = 'seq_cst'): Call<ValueOf<T>> {
    return rmw('add', this.at(index), this.type, value, order)
  }

  /** `add`, and nobody is told what was there. */
  storeAdd(index: number, value: ValueOf<T>, order: BlindOrder = 'seq_cst'): Call<void> {
    return storeAdd(this.at(index), this.type, value, order)
  }

  exchange(index: number, value: ValueOf<T>, order: MemoryOrder = 'seq_cst'): Call<ValueOf<T>> {
    return rmw('exchange', this.at(index), this.type, value, order)
  }

  compareExchange(
    index: number,
    expected: ValueOf<T>,
    desired: ValueOf<T>,
    order: MemoryOrder = 'seq_cst',
  ): Call<ValueOf<T>> {
    return compareExchange(this.at(index), this.type, expected, desired, order)
  }

  await_(index: number, holds: (value: ValueOf<T>) => boolean, order: MemoryOrder = 'seq_cst'): Call<ValueOf<T>> {
    return await_(this.at(index), this.type, holds, order)
  }
}

export const int8 = (address: number): View<'i8'> => new View('i8', address)
export const uint8 = (address: number): View<'u8'> => new View('u8', address)
export const int16 = (address: number): View<'i16'> => new View('i16', address)
export const uint16 = (address: number): View<'u16'> => new View('u16', address)
export const int32 = (address: number): View<'i32'> => new View('i32', address)
export const uint32 = (address: number): View<'u32'> => new View('u32', address)
export const int64 = (address: number): View<'i64'> => new View('i64', address)
export const uint64 = (address: number): View<'u64'> => new View('u64', address)
