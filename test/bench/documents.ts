/** The registry of the bench: one consumer, one provider, a service with two endpoints, one agreement; as documents to be signed. */
import type { JsonObject } from '../../policies/canonical-json.ts'
import {
  keptObjectFields,
  keptRecordFields,
  objectFields,
  recordFields,
  requestMembers,
} from './bodies.ts'

export const CONSUMER = 'TW/GOV/BENCH-A/consumer'
export const PROVIDER = 'TW/GOV/BENCH-B/provider'
export const SERVICE = `${PROVIDER}/record`

const words = { zh: '量測', en: 'Bench' }

export function benchDocuments(): Readonly<Record<string, JsonObject>> {
  return {
    'members/a.json': memberDocument('TW/GOV/BENCH-A', CONSUMER),
    'members/b.json': memberDocument('TW/GOV/BENCH-B', PROVIDER),
    'services/record.json': serviceDocument(),
    'agreements/bench.json': { agreement: agreementDocument() },
  }
}

function memberDocument(id: string, subsystem: string): JsonObject {
  return {
    id,
    kind: 'controller',
    name: words,
    subsystems: [{ id: subsystem, title: words }],
    onBehalfOf: [],
    signingKeys: [],
  }
}

function serviceDocument(): JsonObject {
  return {
    id: SERVICE,
    version: 1,
    title: words,
    controller: 'TW/GOV/BENCH-B',
    endpoints: [
      endpoint(
        '/object',
        objectFields.map((name, at) => field(name, `/${name}`, at)),
      ),
      endpoint(
        '/records',
        recordFields.map((name, at) => field(name, `/records/*/${name}`, at)),
      ),
    ],
    deadlineMs: 10_000,
    maxRequestBytes: 65_536,
    maxResponseBytes: 1_048_576,
  }
}

function endpoint(path: string, fields: readonly JsonObject[]): JsonObject {
  const notes = requestMembers.map((name) => ({
    name,
    in: 'body',
    pointer: `/${name}`,
    type: 'text',
    list: false,
    required: true,
    maxLength: 100,
  }))
  const id = { name: 'id', in: 'query', type: 'national-id', list: false, required: true }
  return {
    id: `POST ${path}`,
    method: 'POST',
    path,
    title: words,
    parameters: [id, ...notes],
    requestType: 'application/json',
    subject: 'id',
    subjectInResponse: '/subjectId',
    fields: [subjectField, ...fields],
    errorFields: [],
    responseHeaders: [],
  }
}

const subjectField: JsonObject = {
  name: 'subjectId',
  pointer: '/subjectId',
  type: 'national-id',
  nullable: false,
  category: 'C003',
  article6: false,
  title: words,
}

function field(name: string, pointer: string, at: number): JsonObject {
  const type =
    at % 3 === 2 ? { type: 'integer' } : { type: 'text', maxLength: 60, pattern: '[a-z]*' }
  return {
    name,
    pointer,
    ...type,
    nullable: false,
    category: 'C081',
    article6: false,
    title: words,
  }
}

function agreementDocument(): JsonObject {
  return {
    id: 'AG-BENCH',
    version: 1,
    title: words,
    consumer: CONSUMER,
    consumerController: 'TW/GOV/BENCH-A',
    service: SERVICE,
    providerController: 'TW/GOV/BENCH-B',
    endpoints: ['POST /object', 'POST /records'],
    collect: { basis: 'PDPA-15-1', duties: ['示範法 §1'], purposes: ['031'] },
    disclose: { basis: 'PDPA-16-0', laws: ['示範法 §1'], purposes: ['031'] },
    fields: [...keptObjectFields, ...keptRecordFields],
    parameters: [],
    validFrom: '2020-01-01T00:00:00+08:00',
    validTo: '2099-01-01T00:00:00+08:00',
    onwardUse: false,
    purposeDeclaration: 'explicit',
    notifySubject: false,
    retentionDays: 365,
  }
}
