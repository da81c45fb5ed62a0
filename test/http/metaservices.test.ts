import { expect, test } from '@jest/globals'
import { SaxesParser } from 'saxes'
import type { Reply } from '../../gateway/exchange/call.ts'
import { makeMetaservices, type Directory } from '../../gateway/http/metaservices.ts'
import type { Refusal } from '../../policies/refusal.ts'
import type { ServiceRegistration } from '../../policies/service.ts'
import {
  CategoryCode,
  Digest,
  EndpointId,
  FieldName,
  Instant,
  MemberId,
  ServiceId,
  SubsystemId,
} from '../../policies/vocabulary.ts'
import { CONSUMER } from './listening.ts'

const BASE = '/r1/TW/GOV/A000000027/income'
const MOF = MemberId.parse('TW/GOV/A000000027')
const GET_YEAR = EndpointId.parse('GET /persons/{id}')
const SEARCH = EndpointId.parse('POST /searches')
const title = { zh: '所得資料', en: 'Income' }

const yearly: ServiceRegistration = {
  id: ServiceId.parse('TW/GOV/A000000027/income/yearly'),
  version: 2,
  title,
  controller: MOF,
  deadlineMs: 1000,
  maxRequestBytes: 1000,
  maxResponseBytes: 1000,
  endpoints: [
    {
      id: GET_YEAR,
      method: 'GET',
      path: '/persons/{id}',
      title,
      parameters: [
        { name: 'id', in: 'path', type: 'national-id', list: false, required: true },
        { name: 'years', in: 'query', type: 'year', list: true, required: false },
      ],
      subject: 'id',
      subjectInResponse: '/id',
      fields: [
        field('id', '/id', 'national-id'),
        {
          ...field('payer', '/items/*/payer', 'text'),
          maxLength: 40,
          pattern: '[^0-9]*',
          nullable: true,
        },
        field('amount', '/items/*/amount', 'integer'),
      ],
      errorFields: [field('code', '/code', 'code')],
      responseHeaders: [],
    },
    {
      id: SEARCH,
      method: 'POST',
      path: '/searches',
      title,
      requestType: 'application/json',
      parameters: [
        {
          name: 'id',
          in: 'body',
          pointer: '/person/id',
          type: 'national-id',
          list: false,
          required: true,
        },
        {
          name: 'kinds',
          in: 'body',
          pointer: '/kinds/*',
          type: 'code',
          codes: ['50', '9A'],
          list: true,
          required: false,
        },
      ],
      subject: 'id',
      subjectInResponse: 'none',
      fields: [],
      errorFields: [],
      responseHeaders: [],
    },
  ],
}

function field(
  name: string,
  pointer: string,
  type: ServiceRegistration['endpoints'][number]['fields'][number]['type'],
): ServiceRegistration['endpoints'][number]['fields'][number] {
  const category = CategoryCode.parse('C081')
  return {
    name: FieldName.parse(name),
    pointer,
    type,
    nullable: false,
    category,
    article6: false,
    title,
  }
}

const directory: Directory = {
  clients: () => [
    {
      id: SubsystemId.parse('TW/GOV/A000000027/income'),
      name: '財政部 & <示範>',
      subsystemName: '所得',
    },
    { id: MOF, name: '財政部 & <示範>' },
    { id: MemberId.parse('JP/GOV/1'), name: 'Other' },
  ],
  services: (provider) => (provider === 'TW/GOV/A000000027/income' ? [yearly] : []),
  allowed: (consumer, service) =>
    new Set(consumer === CONSUMER && service === yearly.id ? [GET_YEAR] : []),
}
const metaservices = makeMetaservices(directory)

const peer = {
  subsystem: CONSUMER,
  certificate: Digest.parse('n8SvoblyaJ9cXitV_zGPnurn0kpVESEVPJayZbkC3hM'),
  serial: '1',
  notBefore: Instant.ofMilliseconds(0),
  notAfter: Instant.ofMilliseconds(1),
}
const IN_ITS_NAME = ['X-Road-Client', CONSUMER]

function ask(
  target: string,
  headers: readonly string[] = IN_ITS_NAME,
  method = 'GET',
): Reply | Refusal | undefined {
  const [path = '', query] = target.split('?', 2)
  return metaservices({ method, path, query, headers, peer })?.()
}

function json(answer: Reply | Refusal | undefined): unknown {
  if (typeof answer !== 'object') throw new Error(answer)
  expect(answer.headers[1]).toMatch(/^application\/json/)
  return JSON.parse(answer.body.toString())
}

test('listClients names members and subsystems in the form of X-Road', () => {
  expect(
    json(ask('/listClients?xRoadInstance=TW', ['Accept', 'application/json;q=0.1, text/xml'])),
  ).toEqual({
    member: [
      {
        id: {
          member_class: 'GOV',
          member_code: 'A000000027',
          object_type: 'MEMBER',
          xroad_instance: 'TW',
        },
        name: '財政部 & <示範>',
      },
      {
        id: {
          member_class: 'GOV',
          member_code: 'A000000027',
          object_type: 'SUBSYSTEM',
          subsystem_code: 'income',
          xroad_instance: 'TW',
        },
        name: '財政部 & <示範>',
        subsystem_name: '所得',
      },
    ],
  })
})

test('an instance is known by its whole name, and JSON by its type in any spelling', () => {
  const named = (name: string): unknown =>
    json(ask(`/listClients?xRoadInstance=${name}`, ['Accept', 'text/html, Application/JSON']))
  expect(named('T')).toEqual({ member: [] })
  expect(named('JP')).toMatchObject({ member: [{ name: 'Other' }] })
})

test('without a wish for JSON listClients is well-formed XML, names escaped', () => {
  const answer = ask('/listClients', [])
  if (typeof answer !== 'object') throw new Error('refused')
  expect(answer.headers).toEqual(['Content-Type', 'text/xml; charset=utf-8'])
  const names: string[] = []
  const parser = new SaxesParser({ xmlns: true })
  let open = ''
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', (tag) => (open = `${tag.uri} ${tag.local}`))
  parser.on('text', (text) => {
    if (open === 'http://x-road.eu/xsd/xroad.xsd name') names.push(text)
  })
  parser.write(answer.body.toString()).close()
  expect(names).toEqual(['Other', '財政部 & <示範>', '財政部 & <示範>'])
})

test("listMethods names every endpoint, allowedMethods those of the caller's agreements", () => {
  const entry = {
    member_class: 'GOV',
    member_code: 'A000000027',
    object_type: 'SERVICE',
    service_code: 'yearly',
    service_type: 'OPENAPI',
    subsystem_code: 'income',
    xroad_instance: 'TW',
  }
  const year = { method: 'GET', path: '/persons/{id}' }
  const search = { method: 'POST', path: '/searches' }
  expect(json(ask(`${BASE}/listMethods`))).toEqual({
    service: [{ ...entry, endpoint_list: [year, search] }],
  })
  expect(json(ask(`${BASE}/allowedMethods`))).toEqual({
    service: [{ ...entry, endpoint_list: [year] }],
  })
})

test('a service that a caller may not use at all is not among its allowed methods', () => {
  const strict = makeMetaservices({ ...directory, allowed: () => new Set() })
  expect(
    json(
      strict({
        method: 'GET',
        path: `${BASE}/allowedMethods`,
        query: undefined,
        headers: IN_ITS_NAME,
        peer,
      })?.(),
    ),
  ).toEqual({ service: [] })
})

test('getOpenAPI describes what the gateway enforces, and no address', () => {
  const document = json(ask(`${BASE}/getOpenAPI?serviceCode=yearly`))
  const text = JSON.stringify(document)
  expect(text).not.toMatch(/https?:/)
  expect(document).toMatchObject({
    openapi: '3.1.0',
    info: { title: '所得資料 Income', version: '2' },
    servers: [{ url: `/r1/${yearly.id}` }],
    paths: {
      '/persons/{id}': {
        get: {
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { pattern: '^[A-Z][0-9]{9}$' } },
            {
              name: 'years',
              in: 'query',
              required: false,
              explode: false,
              schema: { type: 'array' },
            },
          ],
          responses: {
            '2XX': {
              content: {
                'application/json': {
                  schema: {
                    additionalProperties: false,
                    properties: {
                      items: {
                        type: 'array',
                        items: {
                          properties: {
                            payer: {
                              type: ['string', 'null'],
                              maxLength: 40,
                              pattern: '^(?:[^0-9]*)$',
                            },
                            amount: { type: 'integer' },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
            '4XX': {},
          },
        },
      },
      '/searches': {
        post: {
          parameters: [],
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  required: ['person'],
                  properties: {
                    person: { required: ['id'] },
                    kinds: { type: 'array', items: { enum: ['50', '9A'] } },
                  },
                },
              },
            },
          },
        },
      },
    },
  })
})

test.each([
  [`${BASE}/getOpenAPI`, 'Client.Request.ParameterMissing'],
  [`${BASE}/getOpenAPI?serviceCode=`, 'Client.Request.UnknownService'],
  [`${BASE}/getOpenAPI?serviceCode=income/yearly`, 'Client.Request.UnknownService'],
  [`${BASE}/getOpenAPI?serviceCode=other`, 'Client.Request.UnknownService'],
  ['/r1/TW/GOV/income/listMethods', 'Client.Request.MalformedPath'],
  ['/r1/TW/GOV/%2e%2e/income/listMethods', 'Client.Request.MalformedPath'],
])('%s is refused with %s', (target, code) => {
  expect(ask(target)).toBe(code)
})

test.each([
  ['Client.Request.ClientMissing', []],
  ['Client.Request.DuplicateHeader', [...IN_ITS_NAME, 'x-road-client', CONSUMER]],
  ['Client.Identity.ClientMismatch', ['X-Road-Client', 'TW/GOV/A300000014/other']],
  ['Client.Request.MalformedHeader', ['X-Road-Client', 'TW/GOV']],
] as const)("a provider is asked about in one's own name only (%s)", (code, headers) => {
  expect(ask(`${BASE}/listMethods`, headers)).toBe(code)
})

test('listClients is asked for its head as well', () => {
  expect(ask('/listClients', [], 'HEAD')).toMatchObject({ status: 200 })
  expect(ask('/listClients', [], 'POST')).toBeUndefined()
})

test('another method, or another path, is no metaservice', () => {
  expect(ask(`${BASE}/listMethods`, IN_ITS_NAME, 'POST')).toBeUndefined()
  expect(ask(`${BASE}/yearly/listMethods`)).toBeUndefined()
  expect(ask(`${BASE}/yearly`)).toBeUndefined()
})

test('no header of a request comes back', () => {
  const secrets = ['Authorization', 'secret', 'Cookie', 'secret', 'X-Custom', 'secret']
  for (const target of [
    '/listClients',
    `${BASE}/listMethods`,
    `${BASE}/allowedMethods`,
    `${BASE}/getOpenAPI?serviceCode=yearly`,
  ]) {
    const answer = ask(target, [...IN_ITS_NAME, ...secrets])
    expect(typeof answer === 'object' && answer.headers).toHaveLength(2)
    expect(JSON.stringify(answer)).not.toContain('secret')
  }
})
