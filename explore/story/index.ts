/** Stories: what a failing run looks like to somebody who wants to know why. */

export type { Finding } from '../findings/finding.ts'
export { findings } from '../findings/findings.ts'
export type { Sighted } from '../findings/sightings.ts'
export { graphLines, type Paint } from './graph.ts'
export { shortLine } from './phrases.ts'
export type { Giver, LastChance, Moment, Story, StoryWait, StoryWrite } from './story.ts'
export { type StoryOptions, tellStory } from './tell.ts'
export { chanceLines, endersOf, roundLines, storyLines, WAITS_MAX, waitLines, wrapped, writeInWords } from './words.ts'
