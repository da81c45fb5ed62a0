import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { latestTaxYear, scenarios } from '../../deploy/demo/scenarios.ts'
import { filesBelow, spellings } from '../harness/canary-search.ts'
import { CANARIES } from '../harness/departments.ts'
import { startSystem, type System } from '../harness/system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem()
}, 120_000)

afterAll(() => system[Symbol.asyncDispose]())

/** Where the text of a certificate is, or a key: made before anybody asked, of the registrar and the CA. */
const CERTIFICATES = 'certs'

function findAll(values: readonly string[]): readonly string[] {
  const files = filesBelow(system.data).filter(
    (file) => !file.startsWith(join(system.data, CERTIFICATES)),
  )
  expect(files.length).toBeGreaterThan(20)
  const contents = files.map((file) => [file, readFileSync(file)] as const)
  return values.flatMap((value) =>
    [...spellings(value)].flatMap(([spelling, bytes]) =>
      contents
        .filter(([name, content]) => content.includes(bytes) || name.includes(bytes.toString()))
        .map(([name]) => `${value} (${spelling}) in ${name.slice(system.data.length)}`),
    ),
  )
}

test('after every scenario, and answers that hide what they can, no value of anybody stands in the data folder', async () => {
  for (const { name } of scenarios(latestTaxYear(Date.now()))) await system.run(name)
  const { enrolment, household } = system.departments
  const hidden = JSON.stringify({
    subjectId: 'A000000018',
    isInsured: true,
    測試甲: 1,
    A300000014: '王示範',
  })
  enrolment.answer = () => ({
    body: hidden,
    headers: { 'x-person': 'A000000018', location: '/A000000018', etag: '"A000000018"' },
  })
  await system.run('S3')
  enrolment.answer = () => ({ status: 404, body: '{"error":{"code":"A000000018"}}' })
  await system.run('S3')
  enrolment.answer = () => ({ status: 302, body: '', headers: { location: '/?id=A000000018' } })
  await system.run('S3')
  household.answer = () => ({ body: '{"subjectId":"H300000048","name":"範例乙"}' })
  await system.run('household')
  await system.run('household', {
    headers: {
      'Idempotency-Key': '"A300000014"',
      'X-Road-Id': 'A300000014',
      'X-Road-UserId': 'TWA300000014',
      'X-Road-Issue': 'F300000037',
      'Exchange-Case': "UTF-8''%E5%8C%97%E5%B8%82DEMO-0001",
      traceparent: '00-A300000014',
    },
  })
  await system.run('household', { body: '{"subjectId":"F300000037","name":"範例乙"}' })
  await system.run('S3', { path: '/r1/TW/GOV/A300000014/測試甲/A000000018' })
  await system.run('S3', { headers: { 'Exchange-Fields': 'A000000018' } })
  await system.run('S3', { headers: { 'X-Road-Represented-Party': 'GOV/A300000014' } })

  expect(findAll(CANARIES)).toEqual([])
  await system.stop()
  expect(findAll(CANARIES)).toEqual([])
  expect(system.reports.filter((line) => CANARIES.some((value) => line.includes(value)))).toEqual(
    [],
  )
  await system.start()
})

test('the search finds what is there: a name that the registry must hold, in every spelling', () => {
  expect(findAll(['annual-income']).join('\n')).toContain('(plain)')
  for (const [value, prefix] of [
    ['A000000018', 'x'],
    ['示範市虛構區測試路 1 號', 'xy'],
    ['A000000018', ''],
  ] as const) {
    const text = Buffer.from(`${prefix}${value}zz`).toString('base64')
    expect([...spellings(value).values()].some((bytes) => text.includes(bytes.toString()))).toBe(
      true,
    )
  }
})
