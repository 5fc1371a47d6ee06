import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type AnyValues, BadInput, type WakeOrder } from '../kernel/index.ts'
import type { Costs, Layout, OnMachine } from '../scheduler/index.ts'
import { costsNamed } from './costs.ts'

/** Options that several commands share, and how their values are read. */

export interface ScenarioOptions {
  readonly set?: AnyValues
  readonly wakeOrder?: WakeOrder
  readonly maxSteps?: number
}

export function withScenarioOptions(command: Command): Command {
  return command
    .option('--set <name=value>', "give one of the scenario's parameters another value; repeatable", setting)
    .addOption(new Option('--wake-order <order>', 'who is woken first').choices(['any', 'fifo', 'lifo']))
    .option('--max-steps <n>', 'a longer run counts as one that never ends', count)
}

export const boot = ({ set, wakeOrder, maxSteps }: ScenarioOptions) => ({
  ...(set === undefined ? {} : { params: set }),
  ...(wakeOrder === undefined ? {} : { wakeOrder }),
  ...(maxSteps === undefined ? {} : { maxSteps }),
})

/** On what a policy runs. */
export interface MachineOptions {
  readonly cpus?: number
  readonly cost?: string
  readonly queues?: Layout
  readonly svg?: string
}

export function withMachineOptions(command: Command): Command {
  return command
    .option('--cpus <n>', 'for a policy: so many CPUs, default 1', count)
    .option(
      '--cost <model>',
      'for a policy: what things cost: unit, zero, x86-64 or a file X.json; by default unit, or x86-64 where programs compute and wait for over 100 units a step',
    )
    .addOption(layoutOption('for a policy: one run queue, or one for each CPU'))
}

export const layoutOption = (about: string): Option =>
  new Option('--queues <layout>', about).choices(['global', 'per-cpu'])

/**
 * @param usual the costs where none are named
 * @throws BadInput for a cost model that there is not, or that lacks something
 */
export const onMachine = (
  { cpus, cost, queues }: Pick<MachineOptions, 'cpus' | 'cost' | 'queues'>,
  usual: () => Costs,
): OnMachine & { readonly costs: Costs } => ({
  ...(cpus === undefined ? {} : { cpus }),
  costs: cost === undefined ? usual() : costsNamed(cost),
  ...(queues === undefined ? {} : { queues }),
})

/** The options of a machine where no policy decides. */
export function refuseMachine(options: MachineOptions): void {
  for (const name of ['cpus', 'cost', 'queues', 'svg'] as const)
    if (options[name] !== undefined)
      throw new BadInput(`--${name} is for a policy; name one, as in --policy rr:quantum=2ms`)
}

function setting(text: string, before: AnyValues = {}): AnyValues {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('write name=value, as in items=3.')
  return { ...before, [name.trim()]: value }
}

/** A whole number of at least 1. */
export function count(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('it takes a whole number of at least 1.')
  return value
}

/** A number of threads, or `auto` for as many as this machine has processors. */
export const threads = (text: string): number => (text === 'auto' ? availableParallelism() : count(text))

/** A whole number of at least 0. */
export function ordinal(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('it takes a whole number of at least 0.')
  return Number(text)
}

/** A number of seconds, with or without an `s`. */
export function duration(text: string): number {
  const [, digits] = /^(\d+(?:\.\d+)?)s?$/.exec(text) ?? []
  if (digits === undefined || Number(digits) <= 0)
    throw new InvalidArgumentError('it takes a number of seconds above 0.')
  return Number(digits)
}
