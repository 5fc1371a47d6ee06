import type { Type, ValueOf } from '../../kernel/index.ts'

/**
 * ECMA-262's conversions of arguments, section 7.1. Programs in TypeScript pass numbers and need none of this; those in
 * JavaScript get what JavaScript does, down to which error is thrown.
 */

/** ToIndex. @throws RangeError with the message; TypeError for a bigint or a symbol */
export function toIndex(value: unknown, message: string): number {
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) return value + 0 // -0 is 0
  const integer = toIntegerOrInfinity(value)
  if (integer < 0 || integer > Number.MAX_SAFE_INTEGER) throw new RangeError(message)
  return integer
}

/** ToIntegerOrInfinity. @throws TypeError for a bigint or a symbol */
export function toIntegerOrInfinity(value: unknown): number {
  const number = toNumber(value)
  return Number.isNaN(number) ? 0 : Math.trunc(number) + 0
}

/** ToNumber. @throws TypeError for a bigint or a symbol */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  return +(value as string) // of whatever type it is, the operator is the conversion
}

/** ToBigInt. @throws TypeError for a number, SyntaxError for a string that is no number */
export function toBigInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value
  return BigInt.asIntN(Number.MAX_SAFE_INTEGER, value as bigint) // its first step is ToBigInt, and so many bits cut nothing
}

/** The value that `Atomics` computes with, before it is cut to the element's bits. */
export function toOperand(type: Type, value: unknown): number | bigint {
  return isBig(type) ? toBigInt(value) : toIntegerOrInfinity(value)
}

export const isBig = (type: Type): boolean => type === 'i64' || type === 'u64'

/** The element that a value becomes when it is written: its lowest bits. */
export function toElement<T extends Type>(type: T, value: unknown): ValueOf<T> {
  if (type === 'i32' && typeof value === 'number') return (value | 0) as ValueOf<T>
  return cut(type, toOperand(type, value)) as ValueOf<T> // an element of that type
}

function cut(type: Type, operand: number | bigint): number | bigint {
  if (typeof operand === 'bigint') return type === 'i64' ? BigInt.asIntN(64, operand) : BigInt.asUintN(64, operand)
  switch (type) {
    case 'i8':
      return (operand << 24) >> 24
    case 'u8':
      return operand & 0xff
    case 'i16':
      return (operand << 16) >> 16
    case 'u16':
      return operand & 0xffff
    case 'u32':
      return operand >>> 0
    default:
      return operand | 0
  }
}
