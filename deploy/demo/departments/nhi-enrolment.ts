/**
 * 衛生福利部中央健康保險署 (DEMO): who is insured, `GET /enrolments/{subjectId}?asOf=YYYY-MM-DD`. It tells whoever it
 * trusts far more than was asked for, as real systems do; what may pass is for the gateway.
 */
import type { Answer, Asked } from './department-server.ts'
import { found, notFound, refused } from './department-server.ts'
import { PERSONS, personOf } from './persons.ts'
import type { Person } from './persons.ts'

export interface Enrolment {
  readonly subjectId: string
  readonly name: string
  readonly birthDate: string
  readonly isInsured: boolean
  readonly insuredCategory: string | null
  readonly insuredUnit: string | null
  readonly insuredAmount: number | null
  readonly premiumStatus: string | null
  readonly enrolFrom: string | null
  readonly enrolTo: string | null
  readonly catastrophicIllness: boolean
  readonly icd10: string | null
  readonly cardNumber: string
  readonly visits: readonly { readonly hospital: string; readonly date: string }[]
}

const DIAGNOSES = ['J45.909', 'E11.9', 'C50.911', 'I10', 'F32.9']

export function enrolmentOf(person: Person, asOf: string): Enrolment {
  const { serial, subjectId, name, birthDate } = person
  const enrolFrom = `20${String(10 + serial)}-07-16`
  // One of them left the insurance, so that the answer is not always yes.
  const enrolTo = serial === 7 ? '2024-01-31' : null
  const isInsured = enrolFrom <= asOf && (enrolTo === null || asOf <= enrolTo)
  return {
    subjectId,
    name,
    birthDate,
    isInsured,
    insuredCategory: isInsured ? String(1 + (serial % 6)) : null,
    insuredUnit: isInsured ? `示範投保單位第${String(serial)}號股份有限公司` : null,
    insuredAmount: isInsured ? 101_317 + serial * 1_009 : null,
    premiumStatus: isInsured ? 'PAID' : null,
    enrolFrom,
    enrolTo,
    catastrophicIllness: serial % 4 === 0,
    icd10: DIAGNOSES[serial % DIAGNOSES.length] ?? null,
    cardNumber: String(990_000_000_000 + serial * 7_919),
    visits: [{ hospital: `示範虛構醫院第${String(serial)}院區`, date: '2026-10-02' }],
  }
}

export function answerEnrolment(asked: Asked): Answer {
  const [collection, subjectId = '', ...rest] = asked.url.pathname.slice(1).split('/')
  if (collection !== 'enrolments' || rest.length > 0) return notFound('NO_SUCH_PATH')
  if (asked.method !== 'GET') return refused(405, 'METHOD_NOT_ALLOWED')
  const asOf = asked.url.searchParams.get('asOf') ?? asked.today
  if (!/^\d{4}-\d\d-\d\d$/.test(asOf)) return refused(400, 'MALFORMED_DATE')
  const person = personOf(decodeURIComponent(subjectId))
  if (person === undefined) return notFound('NO_SUCH_PERSON')
  return found(enrolmentOf(person, asOf))
}

/** Everybody as she stands on a day in force, for `departmentData`. */
export function allEnrolments(): readonly Enrolment[] {
  return PERSONS.flatMap((person) => [
    enrolmentOf(person, '2026-11-01'),
    enrolmentOf(person, '2023-11-01'),
  ])
}
