import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Scenario } from '../../kernel/index.ts'
import { numbers } from '../../scheduler/index.ts'
import { type Comparison, compareOrders } from '../helpers/independence.ts'

const folder = join(import.meta.dirname, '../../scenarios')
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))

test.each(files.sort())('%s: steps whose footprints do not meet come to the same in either order', async (name) => {
  const { default: made } = (await import(join(folder, name))) as { default: Scenario }
  const result: Comparison = { compared: 0, differing: [] }
  const random = numbers(name)
  for (let i = 0; i < 60; i++) {
    const steps = Array.from({ length: random.below(30) }, () => random.below(60))
    compareOrders(made, steps, result)
  }
  expect(result.differing).toEqual([])
})
