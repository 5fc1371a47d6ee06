import { BadInput } from '../../kernel/index.ts'
import { sayingWhere } from '../complaint.ts'
import type { Colors } from '../terminal.ts'
import { lookAhead } from './ahead.ts'
import type { Console, Key } from './keys.ts'
import { keyOfThread, type Option } from './options.ts'
import { count, whyNot } from './report.ts'
import { defaultName, save } from './save.ts'
import { frame, scrollMax, type View } from './screen.ts'
import type { Session } from './session.ts'
import { storyOf } from './story.ts'
import type { TableName } from './tables.ts'

/** A session under the user's fingers. */

const TABLES: { readonly [key: string]: TableName } = {
  p: 'processes',
  u: 'queues',
  o: 'objects',
  c: 'changes',
  w: 'waits',
}

/** Lines by which a panel is scrolled. */
const PAGE = 10

/** Goes on until the user leaves. The files that were saved, in order. */
export async function play(
  session: Session,
  screen: Console,
  colors: Colors,
  notes: readonly string[] = [],
): Promise<string[]> {
  const playing = new Playing(session, screen, colors)
  await screen.during(() => playing.play(notes.join('; ')))
  return playing.saved
}

class Playing {
  readonly saved: string[] = []
  readonly #session: Session
  readonly #screen: Console
  readonly #colors: Colors
  #view: View = { cursor: 0, panel: 'steps', scrolled: 0, ahead: null, story: null, message: '', prompt: null }

  constructor(session: Session, screen: Console, colors: Colors) {
    this.#session = session
    this.#screen = screen
    this.#colors = colors
  }

  async play(message: string): Promise<void> {
    this.#stand()
    this.#show({ message })
    for (;;) {
      const key = await this.#screen.read()
      if (key === null || this.#isLeaving(key)) return
      this.#show({ message: '' })
      try {
        await sayingWhere(this.#session.loaded, () => this.#press(key))
      } catch (error) {
        if (!(error instanceof BadInput)) throw error
        this.#show({ message: error.message })
      }
      this.#show({})
    }
  }

  #isLeaving({ name, ctrl }: Key): boolean {
    if (ctrl && (name === 'c' || name === 'd')) return true
    return this.#view.prompt === null && !ctrl && (name === 'x' || name === 'q')
  }

  /** Changes what is looked at, and draws it. */
  #show(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change }
    const { rows, columns } = this.#screen
    this.#screen.paint(frame(this.#session, this.#view, { rows, columns }, this.#colors))
  }

  /** The session stands elsewhere: the cursor is on who runs. */
  #stand(): void {
    const { options } = this.#session
    const cursor = Math.max(
      0,
      options.findIndex(({ running }) => running),
    )
    const { panel, scrolled } = this.#view
    const stays = !['steps', 'ahead', 'story'].includes(panel)
    const looked = stays ? { panel, scrolled } : { panel: 'steps' as const, scrolled: 0 }
    this.#view = { ...this.#view, ...looked, cursor, ahead: null, story: null }
  }

  async #press(key: Key): Promise<void> {
    if (this.#view.prompt !== null) return this.#type(key)
    if (key.ctrl) return
    const name = key.text.length === 1 ? key.text : key.name
    const option = this.#session.options.find((one) => one.key === name)
    if (option !== undefined) return this.#take(option)
    const table = TABLES[name]
    if (table !== undefined) return this.#open(table)
    switch (name) {
      case '\r':
      case 'return':
      case 'enter':
        return this.#take(this.#chosen())
      case ' ':
      case 'space':
        return this.#take(this.#running())
      case 'g':
        return this.#takeAndGoOn()
      case 'up':
      case 'k':
        return this.#move(-1)
      case 'down':
      case 'j':
        return this.#move(1)
      case 'left':
      case 'b':
      case 'backspace':
        return this.#walk(this.#session.back(), 'this is the start')
      case 'right':
      case 'f':
        return this.#walk(this.#session.forward(), 'nobody has gone further yet: choose who goes next')
      case 'home':
        return this.#walk(this.#toStart(), 'this is the start')
      case 'end':
        return this.#walk(this.#toEnd(), 'nobody has gone further yet: choose who goes next')
      case 'pageup':
        return this.#scroll(-PAGE)
      case 'pagedown':
        return this.#scroll(PAGE)
      case 'escape':
        return this.#show({ panel: 'steps', scrolled: 0 })
      case '?':
        return this.#open('help')
      case 'e':
        return this.#lookAhead()
      case 'y':
        return this.#tellWhy()
      case 't':
      case 'h':
        return this.#propose(name)
      case 's':
        return this.#show({ prompt: { label: 'save the schedule as: ', text: defaultName(this.#session) } })
      default:
        return this.#other(name)
    }
  }

  /** A key that nobody has now. */
  #other(name: string): void {
    const { threads } = this.#session
    const thread = threads.find((one) => keyOfThread(threads, one) === name)
    if (thread !== undefined) throw new BadInput(whyNot(this.#session, thread))
    if (name.length === 1) throw new BadInput(`'${name}' is no key; ? lists them`)
  }

  #chosen(): Option {
    const option = this.#session.options[this.#view.cursor]
    if (option === undefined) throw new BadInput('the run is over: ← goes back, s saves the schedule')
    return option
  }

  #running(): Option {
    const running = this.#session.options.find((option) => option.running)
    if (running !== undefined) return running
    const { running: who, question, isOver } = this.#session
    if (isOver) throw new BadInput('the run is over: ← goes back, s saves the schedule')
    if (question !== null) throw new BadInput('first the choice inside the step')
    throw new BadInput(who === null ? 'nobody runs yet: choose who goes first' : `${who} can't go on: choose who goes`)
  }

  #take({ choice }: Option): void {
    this.#session.take(choice)
    this.#stand()
  }

  #takeAndGoOn(): void {
    this.#session.takeAndGoOn(this.#chosen().choice)
    this.#stand()
  }

  #move(by: number): void {
    const { length } = this.#session.options
    if (length === 0) this.#scroll(by)
    else this.#show({ cursor: (this.#view.cursor + by + length) % length })
  }

  #scroll(by: number): void {
    const { rows, columns } = this.#screen
    const { panel, scrolled } = this.#view
    const most = scrollMax(this.#session, this.#view, { rows, columns }, this.#colors)
    const wanted = panel === 'steps' ? scrolled - by : scrolled + by
    this.#show({ scrolled: Math.min(most, Math.max(0, wanted)) })
  }

  #walk(went: boolean, otherwise: string): void {
    if (!went) throw new BadInput(otherwise)
    this.#stand()
  }

  #toStart(): boolean {
    if (this.#session.choices.length === 0) return false
    this.#session.goTo(0)
    return true
  }

  #toEnd(): boolean {
    if (this.#session.ahead.length === 0) return false
    this.#session.goToEnd()
    return true
  }

  #open(panel: View['panel']): void {
    this.#show({ panel: this.#view.panel === panel ? 'steps' : panel, scrolled: 0 })
  }

  async #lookAhead(): Promise<void> {
    if (this.#session.isOver) throw new BadInput('the run is over: there is nothing ahead; ← goes back')
    this.#show({ panel: 'ahead', ahead: null, scrolled: 0, message: 'looking ahead; any key ends it' })
    const onProgress = (runs: number): void => this.#show({ message: `looking ahead: ${runs} runs; any key ends it` })
    const ahead = await this.#untilKey((signal) => lookAhead(this.#session, { signal, onProgress }))
    this.#show({ ahead, message: '' })
  }

  async #tellWhy(): Promise<void> {
    if (this.#view.panel === 'story') return this.#show({ panel: 'steps', scrolled: 0 })
    const { ending } = this.#session
    if (ending === null || ending.failure === null) throw new BadInput('it has not failed: there is nothing to explain')
    this.#show({ panel: 'story', story: null, scrolled: 0, message: 'looking into it; any key ends it' })
    const story = await this.#untilKey((signal) => storyOf(this.#session, signal))
    this.#show({ story, panel: story === null ? 'steps' : 'story', message: '' })
  }

  /** Does what takes a while; any key ends it, and is used up by that. */
  async #untilKey<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController()
    // Nobody may press one; then the next key is read as ever.
    void this.#screen.ready().then(() => stop.abort())
    const result = await work(stop.signal)
    if (stop.signal.aborted) {
      const key = await this.#screen.read()
      if (key === null || this.#isLeaving(key)) this.#screen.unread(key)
    }
    return result
  }

  #propose(key: 't' | 'h'): void {
    const { ahead } = this.#view
    if (ahead === null) throw new BadInput('e looks ahead, and finds the way')
    const way = (key === 't' ? ahead.wrong : ahead.well).way
    if (way === null) throw new BadInput('no such way is known from here')
    this.#session.propose(way.choices)
    this.#show({
      panel: 'steps',
      scrolled: 0,
      message: `→ goes along its ${count(way.steps, 'step')}, End to the last`,
    })
  }

  /** The name of a file is being typed. */
  #type({ name, text, ctrl }: Key): void {
    const { prompt } = this.#view
    if (prompt === null) return
    if (name === 'escape') return this.#show({ prompt: null, message: 'not saved' })
    if (name === 'return' || name === 'enter') {
      this.#show({ prompt: null })
      const path = prompt.text.trim()
      if (path === '') throw new BadInput('not saved: there is no name')
      save(this.#session, path)
      this.saved.push(path)
      return this.#show({ message: `saved ${path}` })
    }
    if (name === 'backspace') return this.#show({ prompt: { ...prompt, text: [...prompt.text].slice(0, -1).join('') } })
    if (ctrl && name === 'u') return this.#show({ prompt: { ...prompt, text: '' } })
    if (!ctrl && text >= ' ') this.#show({ prompt: { ...prompt, text: prompt.text + text } })
  }
}
