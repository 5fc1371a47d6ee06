/** Virtual times as people read them. */

export const UNITS: readonly (readonly [ns: number, name: string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
]

/** `1.5ms`, `70ns`: four digits at most; where a step takes a unit of time, the number alone. */
export function time(ns: number, coarse: boolean): string {
  if (coarse) return short(ns)
  const [of, name] = UNITS.find(([of]) => Math.abs(ns) >= of) ?? [1, 'ns']
  return `${short(ns / of)}${name}`
}

/** A policy's name with its times as people write them: `rr:quantum=2ms` for `rr:quantum=2000000`; units stay numbers. */
export const namedInTimes = (policy: string, coarse: boolean): string =>
  coarse
    ? policy
    : policy.replace(
        /(quantum|slice|latency|granularity|wakeup|boost)=(\d+)/g,
        (_, name, ns) => `${name}=${exact(Number(ns))}`,
      )

function exact(ns: number): string {
  const [of, unit] = UNITS.find(([of]) => ns > 0 && ns % of === 0) ?? [1, '']
  return `${ns / of}${unit}`
}

/** A number with four digits that count, and no zeros behind its point. */
export function short(value: number): string {
  if (Math.abs(value) >= 1000) return String(Math.round(value))
  return String(Number(value.toPrecision(4)))
}

export const percent = (part: number): string => `${(part * 100).toFixed(1)}%`
