import pc from 'picocolors'
import { expect, test } from 'vitest'
import { type Chart, gantt } from '../../cli/draw/gantt.ts'
import type { Stretch } from '../../scheduler/index.ts'

const colors = pc.createColors(false)

const stretch = (thread: string, from: number, to: number, more: Partial<Stretch>): Stretch => ({
  thread,
  process: thread,
  priority: 0,
  activity: 'waiting',
  from,
  to,
  switching: 0,
  cpu: -1,
  level: 0,
  call: null,
  object: null,
  ...more,
})

function draw(stretches: Stretch[], more: Partial<Chart> = {}): string[] {
  const to = Math.max(...stretches.map((one) => one.to))
  const cpus = [{ cpu: 0, busy: 0, switching: 0, idle: 0, switches: 0 }]
  const threads = [...new Set(stretches.map(({ thread }) => thread))]
  const chart = { stretches, threads, cpus, from: 0, to, coarse: true, width: 12 + 1, colors, rowsMax: 9, ...more }
  return gantt(chart).slice(1)
}

test('what a thread is blocked on has a letter, in the order in which it was first waited for', () => {
  const lines = draw([
    stretch('p', 0, 4, { object: 'queue /b' }),
    stretch('q', 3, 6, { object: 'mutex at m' }),
    stretch('p', 6, 8, { object: 'mutex at m' }),
    stretch('q', 6, 8, { object: '5 ns to pass' }),
    stretch('q', 8, 10, { object: 'I/O' }),
  ])
  expect(lines).toEqual([
    'p  aaaa  bb',
    'q     bbb····',
    '',
    '█ running   ▒ ready   · blocked',
    'a on queue /b',
    'b on mutex at m',
  ])
})

test('of more objects than are easily told apart those waited for the shortest have none, but in full', () => {
  const many = Array.from({ length: 9 }, (_, at) => stretch('p', at, at + 1, { object: `lock ${at}` }))
  const shorter = many.map((one, at) => ({ ...one, from: one.from * 2, to: one.from * 2 + (at === 4 ? 1 : 2) }))
  const drawn = draw(shorter, { width: 21 + 3 })
  expect(drawn[0]).toBe('p  aabbccdd· eeffgghh')
  expect(drawn).toHaveLength(3 + 8)
  expect(draw(shorter, { width: 21 + 3, rowsMax: Number.POSITIVE_INFINITY })[0]).toBe('p  aabbccdde ffgghhii')
})

test('the time in which a CPU goes over to a thread is drawn as such, on both', () => {
  const running = [
    stretch('p', 0, 6, { activity: 'running', cpu: 0, switching: 2 }),
    stretch('q', 6, 10, { activity: 'running', cpu: 0, switching: 3 }),
  ]
  expect(draw(running)).toEqual(['p  ╱╱████', 'q        ╱╱╱█', '', '█ running   ▒ ready   ╱ switching   · blocked'])
  const cpus = [0, 1].map((cpu) => ({ cpu, busy: 0, switching: 0, idle: 0, switches: 0 }))
  expect(draw(running, { cpus, width: 17 }).slice(0, 2)).toEqual(['CPU 0  ╱╱████╱╱╱█', 'CPU 1'])
})
