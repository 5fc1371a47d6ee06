import { type Proof, proofs, prove } from '../../../scenarios/ring-proofs.ts'

const RUNS_MAX = 20_000_000

const inWords = ({ name, params, dies, strategy }: Proof): string =>
  [
    name,
    ...Object.entries(params).map(([key, value]) => `${key}=${value}`),
    ...(dies === undefined ? [] : [`dies=${dies}`]),
    ...(strategy === undefined ? [] : [strategy]),
  ].join(' ')

/** Makes all proofs, or those of one scenario, and says what they took. Whether all of them hold. */
export async function proveAll(only: string | undefined): Promise<boolean> {
  let allHold = true
  for (const proof of proofs) {
    if (only !== undefined && only !== proof.name) continue
    const began = performance.now()
    const { runs, wrong, deaths } = await prove(proof, RUNS_MAX)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    const dead = deaths === 0 ? '' : `, dying before each of ${deaths} calls`
    const verdict = wrong === null ? 'proved' : 'NOT PROVED'
    process.stdout.write(`${verdict}  ${inWords(proof)}: ${runs} runs${dead}, ${seconds} s\n`)
    if (wrong !== null) process.stdout.write(`${wrong.text}\n`)
    allHold &&= wrong === null
  }
  return allHold
}
