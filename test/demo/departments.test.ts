import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync, readdirSync } from 'node:fs'
import { allEnrolments } from '../../deploy/demo/departments/nhi-enrolment.ts'
import { departmentData } from '../../deploy/demo/departments/department-data.ts'
import { startDepartments } from '../../deploy/demo/departments/departments.ts'
import type { Departments } from '../../deploy/demo/departments/departments.ts'
import { PERSONS } from '../../deploy/demo/departments/persons.ts'
import { ask } from '../../deploy/demo/ask.ts'
import type { Asked } from '../../deploy/demo/ask.ts'
import { isNationalNumber } from '../../policies/national-number.ts'
import type { FieldRegistration, ServiceRegistration } from '../../policies/service.ts'
import { GatewayId, SubsystemId, subsystemOf } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'
import type { Pki, TlsFiles } from '../harness/pki.ts'

const NHI = SubsystemId.parse('TW/GOV/A21030000I/nhi-enrolment')
const MOF = SubsystemId.parse('TW/GOV/MOF/income')
const MOI = SubsystemId.parse('TW/GOV/301000000A/household')
const RECORDED = { 'Exchange-Id': '0190f0c0-0000-7000-8000-000000000001', 'Exchange-Receipt': 'eA' }

let pki: Pki
let gateway: TlsFiles
let departments: Departments

beforeAll(async () => {
  pki = await makePki()
  gateway = await pki.issueGateway(GatewayId.of('TW', 'GOV', 'GONGDAO', 'gateway-1'))
  const tls = new Map(
    await Promise.all(
      [NHI, MOF, MOI].map(async (id) => [id, await pki.issueSubsystem(id)] as const),
    ),
  )
  departments = await startDepartments((id) => tls.get(id)!)
})
afterAll(async () => {
  await departments.close()
})

interface Asking {
  readonly as?: TlsFiles
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

async function askAt(subsystem: SubsystemId, path: string, asking: Asking = {}): Promise<Asked> {
  const { as = gateway, method = 'GET', headers = RECORDED, body } = asking
  const url = new URL(path, departments.addresses.get(subsystem))
  return ask({ ...as, ca: as.ca as unknown as string }, { url, method, headers, body })
}

describe('a department', () => {
  test('answers the gateway', async () => {
    const answer = await askAt(NHI, '/enrolments/A000000018?asOf=2026-11-01')
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ subjectId: 'A000000018', isInsured: true })
  })

  test('lets in nobody else: no other member, no stranger, nobody without a certificate', async () => {
    const before = departments.answered(NHI)
    const member = await pki.issueSubsystem(SubsystemId.parse('TW/GOV/A17000000J/labour-insurance'))
    const answer = await askAt(NHI, '/enrolments/A000000018', { as: member })
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
      403,
      { error: { code: 'NOT_THE_GATEWAY' } },
    ])
    const stranger = await (
      await makePki()
    ).issueGateway(GatewayId.of('TW', 'GOV', 'G', 'gateway-1'))
    const unknown = { ...stranger, ca: gateway.ca }
    await expect(askAt(NHI, '/enrolments/A000000018', { as: unknown })).rejects.toThrow()
    const anonymous = { ca: gateway.ca } as TlsFiles
    await expect(askAt(NHI, '/enrolments/A000000018', { as: anonymous })).rejects.toThrow()
    expect(departments.answered(NHI)).toBe(before)
  })

  test('insists: without a recorded exchange there is no data', async () => {
    const { 'Exchange-Id': id, 'Exchange-Receipt': receipt } = RECORDED
    const withoutReceipt = { 'Exchange-Id': id }
    const withoutExchange = { 'Exchange-Receipt': receipt }
    for (const headers of [withoutReceipt, withoutExchange]) {
      const answer = await askAt(NHI, '/enrolments/A000000018', { headers })
      expect(answer.status).toBe(403)
      expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['error', 'trace'])
    }
  })

  const post = (body: string): Asking => ({ method: 'POST', body })
  const CASES: readonly (readonly [string, SubsystemId, string, Asking, number])[] = [
    ['a person whom it does not know', NHI, '/enrolments/A400000025', {}, 404],
    ['a day that is none', NHI, '/enrolments/A000000018?asOf=yesterday', {}, 400],
    ['a path that it does not have', NHI, '/enrolments/A000000018/visits', {}, 404],
    ['another method', NHI, '/enrolments/A000000018', post('{}'), 405],
    ['no year', MOF, '/incomes?id=A300000014', {}, 400],
    ['income of nobody', MOF, '/incomes?id=A400000025&years=114', {}, 404],
    ['another path', MOF, '/other', {}, 404],
    ['no body', MOI, '/household-records', {}, 405],
    ['half a body', MOI, '/household-records', post('{"subjectId":'), 400],
    ['a number instead of a text', MOI, '/household-records', post('{"subjectId":7}'), 400],
    ['a huge body', MOI, '/household-records', post(`"${'y'.repeat(70_000)}"`), 413],
  ]
  test.each(CASES)('tells plainly that it has no answer to %s', async (...row) => {
    const [, id, path, asking, status] = row
    const answer = await askAt(id, path, asking)
    expect(answer.status).toBe(status)
    expect((JSON.parse(answer.body) as { error: object }).error).toHaveProperty('code')
  })
})

describe('answers', () => {
  const QUESTIONS = [
    [NHI, '/enrolments/A000000018?asOf=2026-11-01', {}],
    [NHI, '/enrolments/B300000051?asOf=2026-11-01', {}],
    [MOF, '/incomes?id=A300000014&years=113,114&relation=SELF', {}],
    [MOI, '/household-records', { method: 'POST', body: '{"subjectId":"F300000037"}' }],
  ] as const

  test.each(QUESTIONS)(
    'of %s %s hold every registered field in its form, and more',
    async (...q) => {
      const [id, path, asking] = q
      const answer = JSON.parse((await askAt(id, path, asking)).body) as object
      const registered = servicesOf(id).flatMap(({ endpoints }) => endpoints[0]?.fields ?? [])
      expect(registered.length).toBeGreaterThan(5)
      for (const field of registered) expect(misfits(answer, field)).toEqual([])
      const inAnswer = scalarsOf(answer).map(([pointer]) => pointer)
      const pointers = new Set(registered.map(({ pointer }) => pointer))
      expect(inAnswer.filter((pointer) => !pointers.has(pointer))).not.toEqual([])
    },
  )

  test('differ between persons and days', () => {
    const stateOf = (id: string): boolean[] =>
      allEnrolments().flatMap((one) => (one.subjectId === id ? [one.isInsured] : []))
    expect(stateOf('A000000018')).toEqual([true, true])
    expect(stateOf('B300000051')).toEqual([false, true])
  })
})

describe('what departments hold', () => {
  test('is about people who cannot exist', () => {
    for (const { subjectId } of PERSONS) {
      expect(isNationalNumber(subjectId, { syntheticIds: true })).toBe(true)
      expect(isNationalNumber(subjectId, { syntheticIds: false })).toBe(false)
    }
    expect(new Set(PERSONS.map(({ subjectId }) => subjectId)).size).toBe(PERSONS.length)
  })

  test('is all in the list of values to search for: numbers, names, addresses, amounts', async () => {
    const data = departmentData()
    for (const { subjectId, name, birthDate } of PERSONS) {
      expect(data).toEqual(expect.arrayContaining([subjectId, name, birthDate]))
    }
    const income = await askAt(MOF, '/incomes?id=A300000014&years=114&relation=SELF')
    const household = await askAt(MOI, '/household-records', {
      method: 'POST',
      body: '{"subjectId":"F300000037"}',
    })
    for (const { body } of [income, household]) {
      const long = scalarsOf(JSON.parse(body) as object)
        .map(([, value]) => String(value))
        .filter((text) => text.length >= 8 && text !== 'INTEREST')
      expect(long.length).toBeGreaterThan(3)
      expect(data).toEqual(expect.arrayContaining(long))
    }
    expect(data.filter((text) => /^\d{6,7}$/.test(text)).length).toBeGreaterThan(100)
  })
})

function servicesOf(subsystem: SubsystemId): ServiceRegistration[] {
  const folder = new URL('../../deploy/demo/documents/services/', import.meta.url)
  return readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as ServiceRegistration)
    .filter(({ id }) => subsystemOf(id) === subsystem)
}

type Scalar = string | number | boolean | null

function scalarsOf(value: unknown, pointer = ''): [string, Scalar][] {
  if (typeof value !== 'object' || value === null) return [[pointer, value as Scalar]]
  return Object.entries(value).flatMap(([name, part]) =>
    scalarsOf(part, `${pointer}/${Array.isArray(value) ? '*' : name}`),
  )
}

/** What at the field's place is not what is registered; a field that is nowhere is a misfit too. */
function misfits(answer: object, field: FieldRegistration): unknown[] {
  const there = scalarsOf(answer).filter(([pointer]) => pointer === field.pointer)
  if (there.length === 0) return [`${field.pointer} is nowhere`]
  return there.map(([, value]) => value).filter((value) => !fits(value, field))
}

const JSON_TYPES = { integer: 'number', number: 'number', boolean: 'boolean' } as const

function fits(value: Scalar, { type, nullable, pattern, maxLength }: FieldRegistration): boolean {
  if (value === null) return nullable
  if (type === 'integer' || type === 'number' || type === 'boolean') {
    return typeof value === JSON_TYPES[type]
  }
  const text = String(value)
  if (type === 'date') return /^\d{4}-\d\d-\d\d$/.test(text)
  if (type === 'year') return /^\d{1,4}$/.test(text)
  const isRightLength = text.length <= (maxLength ?? 10)
  return isRightLength && (pattern === undefined || new RegExp(`^(?:${pattern})$`, 'u').test(text))
}
