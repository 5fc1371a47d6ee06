import { WEIGHT } from './entity.ts'

/** Virtual time that a thread of that weight goes on by in so many ns: a whole number, and exact for years of them. */
export function weighted(ns: number, weight: number): number {
  if (weight === WEIGHT) return ns
  if (ns < 2 ** 42) return Math.floor((ns * WEIGHT) / weight)
  return Math.floor(ns / weight) * WEIGHT + Math.floor(((ns % weight) * WEIGHT) / weight)
}

/** The least ns in which it goes on by so much virtual time. */
export const unweighted = (virtual: number, weight: number): number => Math.ceil((virtual * weight) / WEIGHT)
