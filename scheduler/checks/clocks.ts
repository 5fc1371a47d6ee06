/** Vector clocks: of each thread, by its number, how much of what it did comes before. Beyond the end of one it is 0. */
export type Clock = number[]

/** `into` comes after all that `from` comes after. */
export function join(into: Clock, from: Readonly<Clock>): void {
  for (let i = 0; i < from.length; i++) {
    const time = from[i] ?? 0
    if (i >= into.length) into.push(time)
    else if (time > (into[i] ?? 0)) into[i] = time
  }
}

export function assign(into: Clock, from: Readonly<Clock>): void {
  into.length = 0
  for (let i = 0; i < from.length; i++) into.push(from[i] ?? 0)
}

/** Whether what a thread did at that time of its own comes before what has this clock. */
export const isBefore = (thread: number, time: number, clock: Readonly<Clock>): boolean => (clock[thread] ?? 0) >= time
