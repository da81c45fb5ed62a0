import { hash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { latestTaxYear, scenarios } from '../../deploy/demo/scenarios.ts'
import { CANARIES } from '../harness/departments.ts'
import { startSystem, type System } from '../harness/system.ts'

let system: System

beforeAll(async () => {
  system = await startSystem()
}, 120_000)

afterAll(() => system[Symbol.asyncDispose]())

/** Where the text of a certificate is, or a key: made before anybody asked, of the registrar and the CA. */
const CERTIFICATES = 'certs'

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Every spelling in which a value could stand in a file, as bytes. */
function spellings(value: string): ReadonlyMap<string, Buffer> {
  const bytes = Buffer.from(value)
  const digest = hash('sha256', value, 'buffer')
  const hex = bytes.toString('hex')
  const found = new Map<string, Buffer>([
    ['plain', bytes],
    ['UTF-16', Buffer.from(value, 'utf16le')],
    ['escaped', Buffer.from(JSON.stringify(value).slice(1, -1))],
    ['percent-encoded', Buffer.from(encodeURIComponent(value))],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['SHA-256', digest],
    ['SHA-256 in hex', Buffer.from(digest.toString('hex'))],
    ['SHA-256 in base64', Buffer.from(digest.toString('base64').slice(0, 42))],
    ['SHA-256 in base64url', Buffer.from(digest.toString('base64url').slice(0, 42))],
  ])
  for (let shift = 0; shift < 3; shift += 1) {
    for (const alphabet of ['base64', 'base64url'] as const) {
      found.set(`${alphabet} at ${String(shift)}`, Buffer.from(within(bytes, shift, alphabet)))
    }
  }
  return found
}

/** The characters of base64 that depend on the value alone when `shift` other bytes stand before it. */
function within(bytes: Buffer, shift: number, alphabet: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString(alphabet)
    .replace(/=+$/, '')
  const first = shift === 0 ? 0 : shift + 1
  const whole = Math.floor(((bytes.length + shift) * 8) / 6)
  return text.slice(first, whole)
}

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
