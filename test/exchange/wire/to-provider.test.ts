import { expect, test } from '@jest/globals'
import { readHeaders } from '../../../gateway/exchange/wire/headers.ts'
import { forwardHeaders } from '../../../gateway/exchange/wire/to-provider.ts'
import {
  AgreementId,
  BasisCode,
  ExchangeId,
  FieldName,
  PurposeCode,
  ServiceId,
} from '../../../policies/vocabulary.ts'

const EXCHANGE = ExchangeId.parse('0b6b0f5e-8a5e-4c0e-9a2f-3b1c5d7e9f01')

function forwarded(...sent: readonly string[]): Map<string, string> {
  const read = readHeaders(['X-Road-Client', 'TW/GOV/A000000018/welfare', ...sent])
  if (read.kind === 'refused') throw new Error(read.code)
  const list = forwardHeaders({
    headers: read.headers,
    service: ServiceId.parse('TW/GOV/A000000027/income/yearly'),
    id: 'ID-1',
    requestId: EXCHANGE,
    exchange: EXCHANGE,
    agreement: AgreementId.parse('AG-1'),
    fields: [FieldName.parse('amount'), FieldName.parse('year')],
    purpose: PurposeCode.parse('031'),
    basis: BasisCode.parse('PDPA-16-0'),
    receipt: 'cmVjZWlwdA==',
  })
  const headers = new Map<string, string>()
  for (let at = 0; at < list.length; at += 2) headers.set(list[at]!.toLowerCase(), list[at + 1]!)
  expect(headers.size * 2).toBe(list.length)
  return headers
}

test('a provider gets the headers of the protocol, each once', () => {
  const headers = forwarded(
    ...['X-Road-UserId', 'u', 'X-Road-Issue', 'i', 'X-Road-Represented-Party', 'GOV/A300000014'],
    ...['Content-Type', 'application/json;x=Y', 'Accept', 'a/b;q=0.1'],
  )
  expect(Object.fromEntries(headers)).toEqual({
    'x-road-client': 'TW/GOV/A000000018/welfare',
    'x-road-service': 'TW/GOV/A000000027/income/yearly',
    'x-road-id': 'ID-1',
    'x-road-request-id': EXCHANGE,
    'x-road-userid': 'u',
    'x-road-issue': 'i',
    'x-road-represented-party': 'GOV/A300000014',
    'content-type': 'application/json;x=Y',
    accept: 'a/b;q=0.1',
    'exchange-id': EXCHANGE,
    'exchange-agreement': 'AG-1',
    'exchange-fields': 'amount,year',
    'exchange-purpose': '031',
    'exchange-basis': 'PDPA-16-0',
    'exchange-receipt': 'cmVjZWlwdA==',
  })
})

test("what is not of the protocol stays here, and what is the gateway's is never the caller's", () => {
  const headers = forwarded(
    ...[
      'Authorization',
      'Bearer x',
      'Cookie',
      'a=b',
      'X-Custom',
      'c',
      'User-Agent',
      'curl',
      'Host',
      'h',
    ],
    ...['X-Road-Service', 'forged', 'X-Road-Request-Id', 'forged', 'X-Road-Request-Hash', 'forged'],
    ...['Exchange-Id', 'forged', 'Exchange-Receipt', 'forged', 'Exchange-Agreement', 'forged'],
    ...['Exchange-Case', 'sealed', 'Idempotency-Key', 'mine', 'X-Forwarded-For', '10.0.0.1'],
  )
  for (const name of [
    'authorization',
    'cookie',
    'x-custom',
    'user-agent',
    'host',
    'exchange-case',
    'idempotency-key',
    'x-forwarded-for',
    'x-road-request-hash',
  ]) {
    expect(headers.has(name)).toBe(false)
  }
  expect([...headers.values()].join()).not.toMatch(/forged|sealed/)
})
