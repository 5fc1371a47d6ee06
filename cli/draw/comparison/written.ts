import { time, UNITS } from '../time.ts'

/** How the numbers of one column are written: in one unit, with as many digits behind the point as the column needs. */
export type Write = (value: number) => string

/** Digits behind the point, at most. */
const DIGITS_MAX = 4
/** Digits that count: so many of the least number and of the greatest, and of that no more than so many. */
const OF_LEAST = 2
const OF_GREATEST = 3
const AT_MOST = 5
/** What is less than this part of the column's unit has a unit of its own. */
const FAR = 0.01

/** As times, in the unit of the greatest; where a step takes a unit of time, the numbers alone. */
export function times(values: readonly number[], coarse: boolean): Write {
  const most = Math.max(0, ...values)
  const [of, unit] = coarse ? [1, ''] : (UNITS.find(([of]) => most >= of) ?? [1, 'ns'])
  const isFar = (value: number): boolean => !coarse && value > 0 && value / of < FAR
  const near = plain(
    values.filter((value) => !isFar(value)),
    1 / of,
  )
  return (value) => (isFar(value) ? time(value, coarse) : near(value) + unit)
}

/** As numbers, times a factor. */
export function plain(values: readonly number[], factor = 1): Write {
  const scaled = values.map((value) => value * factor).filter((value) => value > 0)
  const behindPoint = (counted: number, of: number): number => counted - 1 - Math.floor(Math.log10(of))
  const [least, greatest] = [Math.min(...scaled), Math.max(...scaled)]
  const wanted = Math.min(
    Math.max(behindPoint(OF_LEAST, least), behindPoint(OF_GREATEST, greatest)),
    behindPoint(AT_MOST, greatest),
  )
  let digits = scaled.length === 0 ? 0 : Math.min(DIGITS_MAX, Math.max(0, wanted))
  while (digits > 0 && scaled.every((value) => isRound(value, digits - 1))) digits -= 1
  return (value) => (value * factor).toFixed(digits)
}

const isRound = (value: number, digits: number): boolean => {
  const shifted = value * 10 ** digits
  return Math.abs(shifted - Math.round(shifted)) < 1e-9 * Math.max(1, shifted)
}

/** `1.8–2.4ms`; `null` where both are written alike. */
export function range(low: number, high: number, write: Write): string | null {
  const [from, to] = [write(low), write(high)]
  const unit = (text: string): string => text.replace(/^[\d.]+/, '')
  if (from === to) return null
  return unit(from) === unit(to) ? `${from.slice(0, from.length - unit(from).length)}–${to}` : `${from}–${to}`
}
