import { exponential, numbers } from 'ipclab/scheduler'
import { expect, test } from 'vitest'

const N = 20_000

test('exponential draws have the distribution of that mean', () => {
  const random = numbers('1')
  const drawn = Array.from({ length: N }, () => exponential(random, 1e6)).sort((a, b) => a - b)
  // Kolmogorov and Smirnov: beyond 1.95 / sqrt(n) with a chance of one in a thousand.
  const off = drawn.map((x, i) => Math.max(Math.abs(i / N - cdf(x)), Math.abs((i + 1) / N - cdf(x))))
  expect(Math.max(...off)).toBeLessThan(1.95 / Math.sqrt(N))
  // The standard deviation of the mean is the mean over sqrt(n).
  expect(Math.abs(drawn.reduce((sum, x) => sum + x, 0) / N / 1e6 - 1)).toBeLessThan(3.3 / Math.sqrt(N))
})

const cdf = (x: number): number => 1 - Math.exp(-x / 1e6)

test('they are whole numbers, and the same from the same seed everywhere', () => {
  const random = numbers('ipclab')
  expect(Array.from({ length: 6 }, () => exponential(random, 1000))).toEqual([4814, 422, 147, 755, 2049, 547])
})
