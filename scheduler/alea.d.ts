declare module 'seedrandom/lib/alea.js' {
  /** A stream of numbers from 0 to below 1, by Baagøe's Alea; the seed is taken as text. */
  export default function alea(seed: string): () => number
}
