/** What a newcomer types: the demo, the commands that it prints, the auditor's tools on what it left behind. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { departmentData } from '../../deploy/demo/departments/department-data.ts'
import { filesBelow, spellings, standsInBase64 } from '../harness/canary-search.ts'
import { gongdao, start, startGongdao, type Ran, type Running } from '../harness/command.ts'
import { GATE_CACHE } from '../harness/gate-cache.ts'
import { until } from '../harness/until.ts'

let parent: string
let data: string
let demo: Running

beforeAll(async () => {
  // A blank and a quote: what is printed must be good for a shell whatever the folder is called.
  parent = mkdtempSync(join(tmpdir(), "gongdao it's "))
  data = join(parent, 'data')
  // The rules were compared before; the gate has tests of its own.
  if (existsSync(GATE_CACHE)) cpSync(GATE_CACHE, join(data, 'cache'), { recursive: true })
  demo = startGongdao('demo', '--data', data)
  const isUp = (): boolean => demo.out().includes('stays up') || demo.child.exitCode !== null
  await until(isUp, 'the demo is up', { within: 80_000 })
}, 90_000)

afterAll(async () => {
  demo.child.kill('SIGTERM')
  await demo.ended
  rmSync(parent, { recursive: true, force: true })
})

/** As pasted, one after the other. */
function printed(): readonly string[] {
  return demo
    .out()
    .split('\n')
    .filter((line) => /^(curl|npm) /.test(line))
}

function paste(line: string | undefined): Promise<Ran> {
  return start('sh', ['-c', line ?? 'false']).ended
}

describe('while the demo is up', () => {
  test('it has told each scenario, as expected, and that its journal is whole', () => {
    expect(demo.out()).not.toContain('✗')
    expect(demo.out().match(/^✓ /gm)).toHaveLength(11)
    expect(demo.out()).toMatch(/^scenario +consumer +provider +purpose +basis +§15 +§16 +passed/m)
    expect(demo.out()).toMatch(/^verify: \d+ leaves in 2 chains, 0 findings$/m)
    expect(demo.out()).toMatch(/^replay: 11 decisions .*: 11 agree, 0 differ/m)
  })

  test('every command that it printed works as pasted', async () => {
    const [permitted, refused, toFile, receipt, verify, replay, ...others] = printed()
    expect(others).toEqual([])
    expect((await paste(permitted)).out).toMatch(/^HTTP\/1\.1 200 [^]*\{"isInsured":true/)
    expect((await paste(refused)).out).toMatch(
      /^HTTP\/1\.1 403 [^]*"type":"Client\.Policy\.Article6NoBasis"/,
    )
    expect(await paste(toFile)).toMatchObject({ code: 0, error: '' })
    expect((await paste(receipt)).out).toMatch(/^good: signed/)
    expect((await paste(verify)).out).toMatch(/^good: /m)
    expect((await paste(replay)).out).toContain('14 agree, 0 differ, 0 undecidable, 0 stale')
  }, 60_000)

  test.each([
    ['in the same folder', [], /folder/],
    ['on a port that can not be', ['--port', '99999'], /--port takes a number/],
  ])('another one %s says why it does not start, and ends', async (_, words, why) => {
    const other = startGongdao('demo', '--data', data, '--once', ...words)
    try {
      await until(() => other.child.exitCode !== null, 'it ends')
      expect([other.child.exitCode, (await other.ended).error]).toEqual([
        1,
        expect.stringMatching(why),
      ])
    } finally {
      other.child.kill('SIGKILL')
    }
  })

  test('a purpose whose wording nobody confirmed says so, in the table and in the explanation', async () => {
    expect(demo.out()).toMatch(/ 074\* /)
    expect(demo.out()).toContain('參考清單,待核對')
    const { exchange } = await ofReceipt()
    const { out } = await gongdao('explain', exchange, '--data', data)
    expect(out).toMatch(/purpose +074 .*（參考清單，待核對） \/ .* \(unconfirmed\)/)
    expect(out).toMatch(/§15 collect +permit: P01.*\(PDPA §15\)/)
    expect(out).toMatch(/passed +formatCode, grossAmount, incomeCategory, taxYear/)
  })
})

async function ofReceipt(): Promise<{ readonly exchange: string }> {
  const { out } = await gongdao('receipt', join(data, 'receipt.txt'), '--data', data, '--json')
  return (JSON.parse(out) as { record: { exchange: string } }).record
}

describe('--json', () => {
  test('verify, replay, explain and receipt answer with one object', async () => {
    const { exchange } = await ofReceipt()
    const verify = await gongdao('verify', '--data', data, '--json')
    expect(JSON.parse(verify.out)).toMatchObject({ verdict: 'good', findings: [] })
    const replay = await gongdao('replay', '--data', data, '--json')
    expect(JSON.parse(replay.out)).toMatchObject({ counts: { differ: 0 }, findings: [] })
    const explain = await gongdao('explain', exchange, '--data', data, '--json')
    expect(JSON.parse(explain.out)).toMatchObject({
      decision: { exchange, effect: 'permit' },
      outcome: { exchange, outcome: 'released' },
    })
  })

  test.each([
    [['verify'], 'NoLedger'],
    [['explain', '00000000-0000-4000-8000-000000000000'], 'NoLedger'],
  ])('%j without what it needs says so in JSON, and ends with 1', async (words, error) => {
    const { code, error: told, out } = await gongdao(...words, '--data', parent, '--json')
    expect([code, out]).toEqual([1, ''])
    expect(JSON.parse(told)).toHaveProperty('error', error)
  })
})

describe('when it is over', () => {
  test('verify on a folder without a ledger says what to do, not what the system said', async () => {
    const { code, error: told } = await gongdao('verify', '--data', join(data, 'nowhere'))
    expect(code).toBe(1)
    expect(told).toMatch(/--keys.*--data/)
    expect(told).not.toContain('ENOENT')
  })

  test('an export is not written among the files of the ledger, whatever leads there', async () => {
    symlinkSync(join(data, 'ledger'), join(parent, 'link'))
    for (const to of [
      join(data, 'ledger'),
      join(data, 'ledger/new/folder'),
      join(parent, 'link/x'),
    ]) {
      const { code, error } = await gongdao('export', '--data', data, '--to', to)
      expect([to, code, error]).toEqual([to, 1, expect.stringContaining('name another one')])
    }
    expect(existsSync(join(data, 'ledger/new'))).toBe(false)
  })

  test('an export is verified where one is; a wrong folder is no finding', async () => {
    const to = join(data, 'export')
    expect((await gongdao('export', '--data', data, '--to', to)).code).toBe(0)
    const keys = join(data, 'ledger/keys.txt')
    const verify = (folder: string): Promise<Ran> =>
      gongdao('verify', '--tiles', folder, '--keys', keys)
    expect((await verify(to)).out).toMatch(/^good: /m)
    for (const wrong of [join(parent, 'nowhere'), parent, keys]) {
      const { code, error, out } = await verify(wrong)
      expect([wrong, code, out, error]).toEqual([
        ...[wrong, 1, ''],
        expect.stringContaining(`${wrong} holds no export`),
      ])
    }
    // What is missing of one is.
    rmSync(join(to, 'checkpoints'))
    expect((await verify(to)).out).toMatch(/^bad: /m)
    rmSync(to, { recursive: true })
  }, 60_000)

  test('a second demo on the same folder, --once --json: one object, and the end', async () => {
    demo.child.kill('SIGINT')
    expect((await demo.ended).code).toBe(0)
    const { code, out } = await gongdao('demo', '--data', data, '--once', '--json')
    const told = JSON.parse(out) as { exchanges: readonly { asExpected: boolean }[] }
    expect(told).toMatchObject({ verify: { findings: [] }, replay: { findings: [] } })
    expect(told.exchanges.map(({ asExpected }) => asExpected)).toEqual(Array(11).fill(true))
    expect(code).toBe(0)
  }, 60_000)

  test('nothing of what the departments hold stands anywhere in the data folder', () => {
    const values = departmentData()
    expect(values.length).toBeGreaterThan(200)
    const files = filesBelow(data).map((file) => [file, written(file)] as const)
    expect(files.length).toBeGreaterThan(50)
    expect(files.some(([, content]) => holds(content, 'annual-income'))).toBe(true)
    expect(
      values.flatMap((value) =>
        files.filter(([, content]) => holds(content, value)).map(([file]) => `${value} in ${file}`),
      ),
    ).toEqual([])
  }, 60_000)
})

/** Without the zeros of what was allocated ahead. */
function written(file: string): Buffer {
  const bytes = readFileSync(file)
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end -= 1
  return bytes.subarray(0, end)
}

function holds(content: Buffer, value: string): boolean {
  return [...spellings(value)].some(([name, bytes]) => {
    const [, shift] = /^base64.* at (\d)$/.exec(name) ?? []
    if (shift !== undefined) {
      return content.includes(bytes) && standsInBase64(content, value, Number(shift))
    }
    // An amount is found in the middle of any long number or key; it tells something only by itself.
    return /^\d+$/.test(bytes.toString('latin1'))
      ? new RegExp(`(?<![\\w+/-])${bytes.toString('latin1')}(?![\\w+/-])`).test(
          content.toString('latin1'),
        )
      : content.includes(bytes)
  })
}
