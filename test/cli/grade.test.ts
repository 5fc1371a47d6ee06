import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { DEADLOCK, folder, ipclab, LOST, removeFolders } from './cli.ts'

afterEach(removeFolders)

/** One of three items is enough to lose an update; each of two adds so many. */
const THRICE = LOST.replace(
  "export default scenario('a lost update', {",
  (head) => `${head}
  params: { times: { default: 3, min: 1, max: 5, about: 'how often each adds' } },`,
)
  .replace('*program({ shared: sum })', '*program({ shared: sum, params: { times } })')
  .replace('const seen', 'for (let i = 0; i < times; i++) {\n const seen')
  .replace('seen + 1)', 'seen + 1)\n }')
  .replace('({ load, shared })', '({ load, shared, params })')
  .replace('=== 2', '=== 2 * params.times')

test('a schedule that breaks it is right, and compared with the shortest', async () => {
  folder({ 'lost.ts': LOST })
  const { code, out, err } = await ipclab('grade', 'lost.ts', 'p1 p2 p1 p2')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatchInlineSnapshot(`
    "a lost update (lost.ts; expects violates: both count)

    breaks it: 'both count' violated after 4 steps, 2 preemptions; the shortest has 4 steps, 1 preemption
      'both count' does not hold
    "
  `)
  const best = await ipclab('grade', 'lost.ts', 'p1 p2*2 p1')
  expect(best.out).toContain("breaks it: 'both count' violated after 4 steps, 1 preemption; there is no shorter one\n")
})

test('one that does not is wrong, with the reason', async () => {
  folder({
    'lost.ts': LOST,
    'each-waits.ts': DEADLOCK,
    'other.ts': LOST.replace("'violates: both count'", "'deadlock'"),
  })
  const wrong = async (file: string, schedule: string): Promise<string> => {
    const { code, out, err } = await ipclab('grade', file, schedule)
    expect({ code, err }).toEqual({ code: 1, err: '' })
    return out.split('\n').slice(2).join('\n')
  }
  expect(await wrong('lost.ts', 'p1*2 p2*2')).toBe(
    "does not break it: ends well after 4 steps, 0 preemptions, and expected is 'violates: both count'\n",
  )
  expect(await wrong('other.ts', 'p1 p2')).toContain(
    "does not break it as expected: 'both count' violated after 4 steps, 1 preemption, and expected is 'deadlock'\n",
  )
  expect(await wrong('lost.ts', 'p1*3')).toBe(
    "can't be followed: step 3: the schedule says 'p1', which can't happen here; what can is p2\n",
  )
  expect(await wrong('each-waits.ts', 'pi pi')).toBe(
    "can't be followed: step 2: the schedule says 'ping', which can't happen here; what can is pong\n" +
      '  ping waits there in receive(link pong → ping)\n',
  )
})

test('what comes after its end counts, and is told; --exact lets it not count', async () => {
  folder({ 'lost.ts': LOST })
  const { code, out } = await ipclab('grade', 'lost.ts', 'p1 p2*2')
  expect(code).toBe(0)
  expect(out).toContain('the last 1 step came after its end, where the running thread goes on')
  const exact = await ipclab('grade', 'lost.ts', 'p1 p2*2', '--exact')
  expect(exact.code).toBe(1)
  expect(exact.out).toContain('does not break it by itself: it has 3 steps')
  expect(await ipclab('grade', 'lost.ts', 'p1 p2*2 p1', '--exact')).toMatchObject({ code: 0 })
  const longer = await ipclab('grade', 'lost.ts', 'p1 p2*2 p1 p1')
  expect(longer).toMatchObject({ code: 0, out: expect.stringContaining('the run is over before the schedule is') })
})

test('it is played as the teacher has it, not as it was made', async () => {
  folder({ 'thrice.ts': THRICE })
  await ipclab('run', 'thrice.ts', '--set', 'times=1', '--schedule', 'p1 p2*2 p1', '--out', 'easy.ndjson')
  const easy = await ipclab('grade', 'thrice.ts', 'easy.ndjson')
  expect(easy.out).toContain('it was made with times=1, and is graded with times=3')
  expect(easy.out).toContain('the last 8 steps came after its end')
  const same = await ipclab('grade', 'thrice.ts', 'easy.ndjson', '--set', 'times=1')
  expect(same.out).not.toContain('it was made with')
  // The shortest is that of the same parameters.
  const hard = JSON.parse((await ipclab('grade', 'thrice.ts', 'p1 p2', '--json')).out) as { shortest: object }
  expect(hard.shortest).toMatchObject({ steps: 12, preemptions: 1, certain: true })
})

test('what step saved, traces and texts in files are read', async () => {
  folder({ 'lost.ts': LOST, 'answer.txt': '# my answer\np1 p2\np2 p1\n' })
  await ipclab('explore', 'lost.ts', '--out', 't.ndjson')
  expect(await ipclab('grade', 'lost.ts', 't.ndjson')).toMatchObject({ code: 0 })
  expect(await ipclab('grade', 'lost.ts', 'answer.txt', '--exact')).toMatchObject({ code: 0 })
})

test('several are graded in a table, and one that is wrong is enough for exit code 1', async () => {
  folder({ 'lost.ts': LOST, 'good.txt': 'p1 p2 p1 p2', 'bad.txt': 'p1*2 p2*2', 'rubbish.txt': 'p9' })
  const { code, out } = await ipclab('grade', 'lost.ts', 'good.txt', 'bad.txt', 'p1*9')
  expect(out).toMatchInlineSnapshot(`
    "a lost update (lost.ts; expects violates: both count)

    schedule  grade  steps  preemptions  it
    good.txt  right  4      2            breaks it: 'both count' violated after 4 steps, 2 preemptions
    bad.txt   wrong  4      0            does not break it: ends well after 4 steps, 0 preemptions, and expected is 'violates: both count'
    "p1*9"    wrong                      can't be followed: step 3: the schedule says 'p1', which can't happen here; what can is p2

    1 of 3 right; the shortest has 4 steps, 1 preemption
    "
  `)
  expect(code).toBe(1)
  expect(await ipclab('grade', 'lost.ts', 'good.txt', 'p1 p2')).toMatchObject({ code: 0 })
  // One that can't be read does not keep the others from being graded.
  const some = await ipclab('grade', 'lost.ts', 'rubbish.txt', 'nowhere.json', 'good.txt')
  expect(some.code).toBe(2)
  expect(some.out).toMatch(/rubbish\.txt +\? .*names 'p9'/)
  expect(some.out).toMatch(/nowhere\.json +\? .*there is no file nowhere\.json/)
  expect(some.out).toMatch(/good\.txt +right +4 +2/)
})

test('--json has the points, --no-compare leaves the shortest out', async () => {
  folder({ 'lost.ts': LOST })
  const json = async (...args: string[]): Promise<object> =>
    JSON.parse((await ipclab('grade', 'lost.ts', '--json', ...args)).out) as object
  expect(await json('p1 p2 p1', 'p1')).toMatchObject({
    right: 1,
    of: 2,
    shortest: { steps: 4, preemptions: 1, certain: true, schedule: expect.stringMatching(/^p[12] /) },
    grades: [
      {
        name: '"p1 p2 p1"',
        right: true,
        ending: 'broken',
        steps: 4,
        preemptions: 2,
        written: 3,
        schedule: 'p1 p2 p1 p2',
      },
      { name: '"p1"', right: false, ending: 'done', failure: null },
    ],
  })
  expect(await json('p1 p2 p1', '--no-compare')).toMatchObject({ shortest: null })
})

test('a scenario that is to hold is graded by whether it does', async () => {
  folder({ 'holds.ts': LOST.replace('violates: both count', 'holds') })
  expect(await ipclab('grade', 'holds.ts', 'p1*2 p2*2')).toMatchObject({
    code: 0,
    out: expect.stringContaining('ends well after 4 steps, 0 preemptions, as is expected (holds)'),
  })
  expect(await ipclab('grade', 'holds.ts', 'p1 p2')).toMatchObject({ code: 1 })
})

test.each([
  [['lost.ts', 'nowhere.json'], /^there is no file nowhere\.json; 'ipclab step' saves schedules/],
  [['lost.ts', 'p1 p3'], /names 'p3', and there is no such thread: there are p1, p2/],
  [['lost.ts', 'p1*0'], /^'p1\*0' in the schedule is no choice/],
  [['lost.ts', ' '], /^the schedule is empty/],
  [['lost.ts', 'empty.txt'], /^empty\.txt is empty, no trace/],
  [['lost.ts', 'other.json'], /^other\.json:1: is no ipclab trace|no schedule/],
  [['lost.ts', 'answers'], /^answers is a folder; name the schedules in it/],
  [['lost.ts', 'lost.ts'], /^lost\.ts: /],
  [['nowhere.ts', 'p1'], /^there is no file nowhere\.ts/],
  [['lost.ts', 'p1', '--set', 'no=1'], /has no parameter 'no'/],
  [['lost.ts'], /^missing required argument 'schedules'/],
])('what can not be graded: %j', async (args, message) => {
  folder({ 'lost.ts': LOST, 'other.json': '{"a":1}\n', 'empty.txt': '' })
  mkdirSync('answers')
  writeFileSync('answers/one.txt', 'p1')
  const { code, err } = await ipclab('grade', ...args)
  expect(err).toMatch(/^ipclab: .+\n$/)
  expect(err.slice('ipclab: '.length)).toMatch(message)
  expect(code).toBe(2)
})
