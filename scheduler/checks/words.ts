import { type Id, type KernelState, PAGE_SIZE } from '../../kernel/index.ts'
import type { Access, Race } from './data-race.ts'
import type { Inversion } from './lock-order.ts'

/** Races and inversions, in sentences. */

/** A byte of a page as a reader would name it: `counter+8`, and of a process's own memory `0x10008 of p`. */
export function placeInWords(state: KernelState, page: Id, offset: number): string {
  const [, whose = '', kind, number] = /^(.*)([#@])(\d+)$/.exec(page) ?? []
  const at = Number(number) * PAGE_SIZE + offset
  if (kind === '@') return `0x${at.toString(16)} of ${whose}`
  const object = state.objects[whose] as { readonly name?: unknown } | undefined
  return `${typeof object?.name === 'string' && object.name !== '' ? object.name : whose}+${at}`
}

/** A step, and where in the scenario its call is made, if that is noted. */
export const where = (site: string | null, step: number): string =>
  site === null ? `(step ${step})` : `at ${shortSite(site)} (step ${step})`

/** Without the folders of its file. */
export const shortSite = (site: string): string => site.replace(/^.*[/:](?=[^/:]+:\d+$)/, '')

/** `write`, `atomic read`; of a system call its name. */
export const what = ({ call, plain, writes }: Access): string =>
  call.def.isAccess === true ? `${plain ? '' : 'atomic '}${writes ? 'write' : 'read'}` : call.def.name

const access = (one: Access): string => `${what(one)} by ${one.thread} ${where(one.call.site, one.step)}`

/** `counter+0: write by P at x.ts:12 (step 5), read by Q at x.ts:20 (step 7), nothing orders them` */
export const raceInWords = ({ place, first, second }: Race): string =>
  `${place}: ${access(first)}, ${access(second)}, nothing orders them`

/** The same for all races of the same two lines, on whichever words of a memory object, in whichever order they came. */
export function raceKey({ place, first, second }: Race): string {
  const each = [first, second].map((one) => `${what(one)} ${one.call.site ?? one.thread}`)
  return [place.replace(/\+\d+$/, ''), ...each.sort()].join(' | ')
}

/** The same for all inversions on the same lines. */
export const inversionKey = ({ nestings }: Inversion): string =>
  nestings
    .map(({ thread, held, taken }) => `${held.call.site ?? thread} ${taken.call.site ?? taken.lock.place}`)
    .sort()
    .join(' | ')

/**
 * `P takes b at x.ts:12 (step 5) with a in hand, taken at x.ts:11 (step 3); Q takes a … with b in hand …: another schedule
 * may have them wait for each other`
 */
export function inversionInWords({ nestings }: Inversion): string {
  const each = nestings.map(
    ({ thread, held, taken }) =>
      `${thread} takes ${taken.lock.place} ${where(taken.call.site, taken.step)} with ${held.lock.place} in hand, ` +
      `taken ${where(held.call.site, held.step)}`,
  )
  const how = nestings.length === 2 ? 'for each other' : 'in a circle'
  return `${each.join('; ')}: in another schedule they may wait ${how}`
}
