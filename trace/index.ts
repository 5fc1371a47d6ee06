/** Traces: recording a run, its file, replaying it, its history step by step; scenario files. FORMAT.md describes the file. */
export { deciderOf } from './again.ts'
export { checkWritable, readTrace, writePicture, writeTrace } from './file.ts'
export * from './format.ts'
export { History, history, type Patch } from './history.ts'
export { labelOf, objectLabel, placesOf, queueLabel, wordLabel } from './labels.ts'
export { findScenario, libraryFolder, nameOfFile, type Source, sourceOf } from './names.ts'
export { parseTrace } from './parse.ts'
export { lineOf, type Origin, type RecordOptions, record, withChoices } from './record.ts'
export {
  Divergence,
  loadScenarioOfTrace,
  type Replayed,
  type ReplayOptions,
  replayFile,
  replayTrace,
} from './replay.ts'
export { type Places, type Review, review, type WaitPeriod } from './review.ts'
export { hashScenarioFile, type LoadedScenario, loadScenarioFile } from './scenario-file.ts'
export { type KeptSchedule, type KeptStep, keptOf, readKept, writeKept } from './schedule-file.ts'
export { shortCall, shortObject } from './short.ts'
export { type ObjectRow, type ProcessRow, type QueueRow, type Shown, show, showState, type ThreadRow } from './show.ts'
export { Trace } from './trace.ts'
export { describeArgs, describeEvent, describeOutcome, describeValue } from './words.ts'
