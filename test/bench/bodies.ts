/** What is asked and answered in the bench: an object of 20 fields of which 10 are kept, or 40 records of which half the fields are. */

export interface BenchBody {
  readonly name: '1KiB' | '16KiB'
  /** JSON with `$id` where the subject stands. */
  readonly answer: string
  readonly bytes: number
  readonly path: string
}

const FIELDS = 20
const KEPT = 10
const RECORDS = 40
const RECORD_FIELDS = 10
const RECORD_KEPT = 5

/** Names of fields of the object answer; the first ten are kept. */
export const objectFields = Array.from({ length: FIELDS }, (_, at) => `field${String(at + 1)}`)
export const keptObjectFields = objectFields.filter((_, at) => at % 2 === 0).slice(0, KEPT)
export const recordFields = Array.from(
  { length: RECORD_FIELDS },
  (_, at) => `item${String(at + 1)}`,
)
export const keptRecordFields = recordFields.filter((_, at) => at % 2 === 0).slice(0, RECORD_KEPT)

/** 1,000 bytes, members registered as text. */
export const requestMembers = Array.from({ length: 10 }, (_, at) => `note${String(at + 1)}`)
export const requestBody = JSON.stringify(
  Object.fromEntries(requestMembers.map((name) => [name, 'x'.repeat(88)])),
)

export function bodies(): readonly BenchBody[] {
  const object = Object.fromEntries(objectFields.map((name, at) => [name, valueOf(at, 50)]))
  const record = Object.fromEntries(recordFields.map((name, at) => [name, valueOf(at, 39)]))
  const small = JSON.stringify({ subjectId: '$id', ...object })
  const large = JSON.stringify({
    subjectId: '$id',
    records: Array.from({ length: RECORDS }, () => record),
  })
  return [
    { name: '1KiB', answer: small, bytes: sizeOf(small), path: '/object' },
    { name: '16KiB', answer: large, bytes: sizeOf(large), path: '/records' },
  ]
}

const SUBJECT_LENGTH = 10

/** With a subject in the place of `$id`. */
function sizeOf(answer: string): number {
  return answer.length - '$id'.length + SUBJECT_LENGTH
}

/** Every third value is a number, the others text. */
function valueOf(at: number, length: number): string | number {
  return at % 3 === 2 ? 100_000_007 * (at + 1) : 'abcdefghij'.repeat(5).slice(0, length)
}
