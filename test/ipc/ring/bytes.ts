/** What message number `seq` looks like, whatever its size. */
export function fill(bytes: Uint8Array, seq: number): Uint8Array {
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteOf(seq, i)
  return bytes
}

export const holds = (bytes: Uint8Array, seq: number): boolean => bytes.every((byte, i) => byte === byteOf(seq, i))

const byteOf = (seq: number, i: number): number => (seq * 37 + i * 11 + (seq >> 8)) & 255
