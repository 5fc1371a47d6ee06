/** Numbers as the bytes of a message have them: little-endian, a character a byte. */

export const littleEndian32 = (value: number): string =>
  String.fromCharCode(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff)

/** The 32-bit word at that byte; what is not there is zero. */
export function word32(bytes: string, at: number): number {
  let word = 0
  for (let i = 3; i >= 0; i--) word = (word << 8) | byteAt(bytes, at + i)
  return word >>> 0
}

const byteAt = (bytes: string, at: number): number => (at < bytes.length ? bytes.charCodeAt(at) : 0)

/** A time, 64 bits: as far as numbers are exact. */
export const littleEndian64 = (value: number): string =>
  littleEndian32(value) + littleEndian32(Math.floor(value / 2 ** 32))

export const word64 = (bytes: string, at = 0): number => word32(bytes, at + 4) * 2 ** 32 + word32(bytes, at)
