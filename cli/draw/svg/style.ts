import { element } from './markup.ts'

/** Colours and patterns. What has a meaning is told apart on a grey printer, too: dark, striped, hatched, dotted. */

export const INK = '#1a1a1a'
export const FAINT = '#5f6b76'
export const LINE = '#d5dade'
/** Running, busy, and the best. */
export const DARK = '#1f3f5f'
/** What is not the best. */
export const LIGHT = '#cdd9e4'
export const EDGE = '#6b8299'
/** Waiting for somebody or something. */
export const PALE = '#edf0f3'

export const READY = 'url(#ipclab-ready)'
export const BLOCKED = 'url(#ipclab-blocked)'
export const SWITCH = 'url(#ipclab-switching)'

export const PATTERNS: readonly string[] = [
  pattern('ipclab-ready', 6, [
    element('rect', { width: 6, height: 6, fill: '#fbe7c0' }),
    element('path', { d: 'M-1 7 L7 -1 M-1 1 L1 -1 M5 7 L7 5', stroke: '#b9791a', 'stroke-width': 1.3 }),
  ]),
  pattern('ipclab-switching', 3, [
    element('rect', { width: 3, height: 3, fill: '#ffffff' }),
    element('rect', { width: 3, height: 1.5, fill: DARK }),
  ]),
  pattern('ipclab-blocked', 5, [
    element('rect', { width: 5, height: 5, fill: PALE }),
    element('circle', { cx: 2.5, cy: 2.5, r: 0.65, fill: '#7f8c99' }),
  ]),
]

function pattern(id: string, size: number, parts: readonly string[]): string {
  return element('pattern', { id, width: size, height: size, patternUnits: 'userSpaceOnUse' }, ...parts)
}
