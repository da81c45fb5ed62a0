/**
 * The projection against what it replaces: `JSON.parse`, picking the permitted members, `JSON.stringify`. Both in turn in many
 * short rounds, by CPU time of this process; the ratio of medians is the result. Also binding, of a query and of a body.
 *
 *     node test/bench/projection-speed.program.ts
 */
import { bindRequest } from '../../gateway/exchange/binding/bind-request.ts'
import { compileService } from '../../gateway/exchange/binding/compile-service.ts'
import { compileProjection } from '../../gateway/exchange/minimise/compile-projection.ts'
import { project } from '../../gateway/exchange/minimise/project.ts'
import type { FieldRegistration } from '../../policies/service.ts'
import { endpoint, field, names, parameter, service } from '../exchange/registrations.ts'
import {
  bodies,
  keptObjectFields,
  keptRecordFields,
  objectFields,
  recordFields,
  requestBody,
  requestMembers,
} from './bodies.ts'

const SUBJECT = 'A000000018'
const ROUNDS = 200
const ROUND_MS = 3

interface Row {
  readonly name: string
  readonly bytes: number
  readonly ours: () => unknown
  readonly plain: () => unknown
}

const fieldAt = (name: string, pointer: string, at: number): FieldRegistration =>
  at % 3 === 2
    ? field(name, pointer, { type: 'integer' })
    : field(name, pointer, { maxLength: 60, pattern: '[a-z]*' })

function answerRow(
  at: number,
  prefix: string,
  registered: readonly string[],
  kept: readonly string[],
): Row[] {
  const body = bodies()[at]
  if (body === undefined) return []
  const fields = registered.map((name, index) => fieldAt(name, `${prefix}/${name}`, index))
  const subject = field('subjectId', '/subjectId', { type: 'national-id' })
  const answer = Buffer.from(body.answer.replace('$id', SUBJECT))
  const plain = (): unknown =>
    Buffer.from(JSON.stringify(pick(JSON.parse(answer.toString()), kept)))
  return [
    [subject, ...fields],
    [subject, ...fields.filter(({ name }) => kept.includes(name))],
  ].map((known) => {
    const registration = endpoint({ fields: known, subject: 'id', subjectInResponse: '/subjectId' })
    const projection = compileProjection(registration, names(...kept), 'fields')
    const others = known.length > kept.length + 1 ? 'all registered' : 'rest unregistered'
    return {
      name: `${body.name}, ${others}`,
      bytes: answer.length,
      plain,
      ours: () => project(projection, answer, SUBJECT),
    }
  })
}

function pick(value: unknown, kept: readonly string[]): unknown {
  const answer = value as Record<string, unknown> & { records?: Record<string, unknown>[] }
  const only = (object: Record<string, unknown>): Record<string, unknown> => {
    const picked: Record<string, unknown> = {}
    for (const name of kept) if (name in object) picked[name] = object[name]
    return picked
  }
  return answer.records === undefined ? only(answer) : { records: answer.records.map(only) }
}

function bindingRow(): Row {
  const notes = requestMembers.map((name) =>
    parameter(name, { in: 'body', pointer: `/${name}`, required: true }),
  )
  const id = parameter('id', { type: 'national-id', required: true })
  const registration = endpoint({
    method: 'POST',
    path: '/object',
    requestType: 'application/json',
    parameters: [id, ...notes],
    subject: 'id',
  })
  const compiled = compileService(service(registration), { syntheticIds: true })
  const body = Buffer.from(requestBody)
  const headers = ['Host', 'gateway', 'Content-Type', 'application/json', 'Content-Length', '1000']
  const request = { method: 'POST', path: '/object', query: `id=${SUBJECT}`, body, headers }
  return {
    name: 'binding, 1 KiB body',
    bytes: body.length,
    ours: () => bindRequest(compiled, request),
    plain: () => JSON.parse(body.toString()) as unknown,
  }
}

const rows: Row[] = [
  ...answerRow(0, '', objectFields, keptObjectFields),
  ...answerRow(1, '/records/*', recordFields, keptRecordFields),
  bindingRow(),
]

function microseconds(work: () => unknown, times: number): number {
  const before = process.cpuUsage().user
  for (let done = 0; done < times; done += 1) work()
  return (process.cpuUsage().user - before) / times
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

const measured = rows.map((row) => {
  const times = Math.ceil((ROUND_MS * 1000) / (microseconds(row.plain, 200) + 1))
  return { ...row, times, oursUs: [] as number[], plainUs: [] as number[] }
})
for (let round = 0; round < ROUNDS; round += 1) {
  for (const row of measured) {
    row.oursUs.push(microseconds(row.ours, row.times))
    row.plainUs.push(microseconds(row.plain, row.times))
  }
}
console.table(
  measured.map(({ name, bytes, oursUs, plainUs }) => ({
    what: name,
    bytes,
    'ours µs': median(oursUs.slice(ROUNDS / 4)).toFixed(2),
    'parse, pick, stringify µs': median(plainUs.slice(ROUNDS / 4)).toFixed(2),
    ratio: (median(oursUs.slice(ROUNDS / 4)) / median(plainUs.slice(ROUNDS / 4))).toFixed(2),
  })),
)
