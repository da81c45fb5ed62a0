/** 內政部戶政司 (DEMO): a household record, `POST /household-records` with `{"subjectId": …}`. */
import type { Answer, Asked } from './department-server.ts'
import { found, notFound, refused } from './department-server.ts'
import { PERSONS, personOf } from './persons.ts'
import type { Person } from './persons.ts'

export interface HouseholdRecord {
  readonly subjectId: string
  readonly name: string
  readonly birthDate: string
  readonly address: { readonly city: string; readonly district: string; readonly street: string }
  readonly householdNumber: string
  readonly householdMembers: readonly {
    readonly subjectId: string
    readonly name: string
    readonly relation: string
    readonly birthDate: string
  }[]
  readonly remarks: string
}

export function recordOf(person: Person): HouseholdRecord {
  const household = PERSONS.filter((other) => other.household === person.household)
  return {
    subjectId: person.subjectId,
    name: person.name,
    birthDate: person.birthDate,
    address: {
      city: '示範市',
      district: '虛構區',
      street: `示範市虛構區測試路 ${String(household[0]?.serial ?? 0)} 號`,
    },
    householdNumber: person.household,
    householdMembers: household
      .filter((other) => other !== person)
      .map(({ subjectId, name, relation, birthDate }) => ({
        subjectId,
        name,
        relation,
        birthDate,
      })),
    remarks: `遷入登記備註第${String(person.serial)}號（虛構）`,
  }
}

export function answerHousehold(asked: Asked): Answer {
  if (asked.url.pathname !== '/household-records') return notFound('NO_SUCH_PATH')
  if (asked.method !== 'POST') return refused(405, 'METHOD_NOT_ALLOWED')
  const subjectId = subjectIn(asked.body)
  if (subjectId === undefined) return refused(400, 'MALFORMED_BODY')
  const person = personOf(subjectId)
  return person === undefined ? notFound('NO_SUCH_PERSON') : found(recordOf(person))
}

function subjectIn(body: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null || !('subjectId' in parsed)) return undefined
    return typeof parsed.subjectId === 'string' ? parsed.subjectId : undefined
  } catch {
    return undefined
  }
}

export function allRecords(): readonly HouseholdRecord[] {
  return PERSONS.map(recordOf)
}
