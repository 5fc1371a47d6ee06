import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { BadInput } from '../../kernel/index.ts'
import { storyLines } from '../draw/story.ts'
import type { Terminal } from '../terminal.ts'
import { type Ahead, aheadLines, lookAhead } from './ahead.ts'
import { count, headline, report, standing, stepLine } from './report.ts'
import { defaultName, save } from './save.ts'
import type { Session } from './session.ts'
import { storyOf } from './story.ts'
import { tableLines } from './tables.ts'
import { type Asked, helpLines, readAsked } from './words.ts'

/** A session that is told what to do line by line, from a pipe or by somebody who types. */

/** Does what the lines say, until there are no more; then says where one stands. @throws BadInput with the line's number */
export async function obey(session: Session, input: Readable, terminal: Terminal): Promise<void> {
  const { colors } = terminal
  terminal.print([headline(session, colors), '', ...standing(session, colors), ''])
  const doing = new Doing(session, terminal)
  let number = 0
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1
      const asked = readAsked(line, session)
      if (asked.to === 'leave') break
      await doing.do(asked)
    }
  } catch (error) {
    if (error instanceof BadInput) throw new BadInput(`line ${number}: ${error.message}`)
    throw error
  } finally {
    input.destroy() // whoever writes may not be done, and nobody waits for that
  }
  terminal.print(report(session, terminal))
}

class Doing {
  readonly #session: Session
  readonly #terminal: Terminal
  #ahead: Ahead | null = null

  constructor(session: Session, terminal: Terminal) {
    this.#session = session
    this.#terminal = terminal
  }

  async do(asked: Asked): Promise<void> {
    const session = this.#session
    const terminal = this.#terminal
    switch (asked.to) {
      case 'take':
        return this.#steps(() => session.takeAll(asked.choices))
      case 'go': {
        const option = session.options.find(({ running }) => running) ?? session.options[0]
        if (option === undefined) throw new BadInput('the run is over: nobody can go on')
        return this.#steps(() => session.takeAndGoOn(option.choice))
      }
      case 'back':
      case 'forward':
        return this.#walk(asked.to, asked.times)
      case 'table':
        return terminal.print([...tableLines(asked.name, session, terminal), ''])
      case 'look':
        return terminal.print([...report(session, terminal), ''])
      case 'ahead':
        if (session.isOver) throw new BadInput('the run is over: there is nothing ahead; go back first')
        this.#ahead = await lookAhead(session)
        return terminal.print([...aheadLines(this.#ahead, { wrong: 'trouble takes it', well: 'happy takes it' }), ''])
      case 'trouble':
      case 'happy':
        return this.#propose(asked.to)
      case 'why': {
        const story = await storyOf(session)
        if (story === null) throw new BadInput('it has not failed: there is nothing to explain')
        return terminal.print([...storyLines(story, terminal), ''])
      }
      case 'save': {
        const path = asked.path ?? defaultName(session)
        save(session, path)
        return terminal.print(`saved ${path}`)
      }
      case 'help':
        return terminal.print([...helpLines, ''])
      case 'leave':
      case 'nothing':
        return
      default:
        return asked satisfies never
    }
  }

  /** Takes steps, and tells each. */
  #steps(take: () => void): void {
    const session = this.#session
    const from = session.steps
    take()
    const { question } = session
    for (let step = from + 1; step <= session.steps; step++) this.#terminal.print(stepLine(session, step))
    if (question !== null || session.isOver) this.#terminal.print(['', ...standing(session, this.#terminal.colors), ''])
    this.#ahead = null
  }

  #walk(to: 'back' | 'forward', times: number): void {
    const session = this.#session
    for (let i = 0; i < times; i++) {
      if (to === 'back' ? session.back() : session.forward()) continue
      throw new BadInput(
        to === 'back' ? 'this is the start: there is no way back' : 'there is nothing to go forward to',
      )
    }
    this.#terminal.print(`at ${session.steps === 0 ? 'the start' : `step ${session.steps}`}`)
  }

  #propose(to: 'trouble' | 'happy'): void {
    const way = this.#ahead?.[to === 'trouble' ? 'wrong' : 'well'].way ?? null
    if (way === null) throw new BadInput(`no such way is known from here; 'e' looks for one`)
    this.#session.propose(way.choices)
    this.#terminal.print(`forward goes along its ${count(way.steps, 'step')}`)
  }
}
