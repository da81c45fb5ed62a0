import { expect, test } from '@jest/globals'
import { readHeaders, type ProtocolHeaders } from '../../../gateway/exchange/wire/headers.ts'

const CLIENT = 'TW/GOV/A000000018/welfare'
const COMMITMENT = 'n8SvoblyaJ9cXitV_zGPnurn0kpVESEVPJayZbkC3hM'

function read(...headers: readonly string[]): ProtocolHeaders {
  const result = readHeaders(['X-Road-Client', CLIENT, ...headers])
  if (result.kind === 'refused') throw new Error(result.code)
  return result.headers
}

function refusal(...headers: readonly string[]): string | undefined {
  const result = readHeaders(['X-Road-Client', CLIENT, ...headers])
  return result.kind === 'refused' ? result.code : undefined
}

/** As Node shows the bytes of a header. */
function onTheWire(text: string): string {
  return Buffer.from(text).toString('latin1')
}

test('every header of the protocol is read, whatever the spelling of its name', () => {
  const headers = read(
    ...['x-ROAD-id', 'abc-1', 'X-Road-UserId', 'TW1234', 'X-Road-Issue', 'issue 7'],
    ...[
      'X-Road-Represented-Party',
      'GOV/A300000014',
      'X-Road-Security-Server',
      'TW/GOV/GONGDAO/gateway-1',
    ],
    ...['Exchange-Purpose', '031', 'Exchange-Basis', 'PDPA-15-1'],
    ...['Exchange-Case', onTheWire('北市社助字第1130001號'), 'Exchange-Official', COMMITMENT],
    ...['Exchange-Fields', 'year, amount,payerName', 'Idempotency-Key', '"key 1"'],
    ...['Content-Type', 'application/json', 'Accept', 'text/xml, */*', 'Cookie', 'a=b'],
  )
  expect(headers).toEqual({
    client: CLIENT,
    id: 'abc-1',
    userId: 'TW1234',
    issue: 'issue 7',
    representedParty: 'TW/GOV/A300000014',
    securityServer: 'TW/GOV/GONGDAO/gateway-1',
    purpose: '031',
    basis: 'PDPA-15-1',
    caseNumber: '北市社助字第1130001號',
    official: COMMITMENT,
    fields: ['amount', 'payerName', 'year'],
    idempotencyKey: 'key 1',
    contentType: 'application/json',
    accept: 'text/xml, */*',
  })
})

test('without X-Road-Client nothing else is read', () => {
  expect(readHeaders(['X-Road-Id', 'a'])).toEqual({
    kind: 'refused',
    code: 'Client.Request.ClientMissing',
  })
})

test.each([
  ['X-Road-Client', CLIENT],
  ['x-road-client', 'TW/GOV/A300000014/other'],
])('a second X-Road-Client (%s: %s) is refused', (name, value) => {
  expect(refusal(name, value)).toBe('Client.Request.DuplicateHeader')
})

test.each([
  ['X-Road-Id', 'a'],
  ['X-Road-UserId', 'a'],
  ['X-Road-Represented-Party', 'A300000014'],
  ['Exchange-Purpose', '031'],
  ['Exchange-Basis', 'PDPA-15-1'],
  ['Exchange-Case', 'a'],
  ['Exchange-Official', COMMITMENT],
  ['Exchange-Fields', 'year'],
  ['Idempotency-Key', 'a'],
  ['Content-Type', 'application/json'],
  ['Accept', '*/*'],
])('%s given twice is refused, even with the same value', (name, value) => {
  expect(refusal(name, value, name.toUpperCase(), value)).toBe('Client.Request.DuplicateHeader')
})

test.each([
  ['X-Road-Id', ''],
  ['X-Road-Id', 'a'.repeat(256)],
  ['X-Road-Id', 'a b'],
  ['X-Road-Id', onTheWire('測')],
  ['X-Road-UserId', 'a\r\nX-Road-Client: b'],
  ['X-Road-Issue', 'a\0b'],
  ['X-Road-Represented-Party', 'GOV/A/B'],
  ['X-Road-Represented-Party', ''],
  ['X-Road-Represented-Party', 'GOV/'],
  ['X-Road-Represented-Party', 'GOV/%zz'],
  ['X-Road-Security-Server', 'TW/GOV/GONGDAO'],
  ['Exchange-Purpose', '31'],
  ['Exchange-Purpose', '031, 002'],
  ['Exchange-Basis', 'PDPA-15-9'],
  ['Exchange-Case', ''],
  ['Exchange-Case', 'a'.repeat(201)],
  ['Exchange-Case', '\u00e6\u00b8'],
  ['Exchange-Case', onTheWire('a\u200bb')],
  ['Exchange-Case', "UTF-8''%E6%B8"],
  ['Exchange-Case', "UTF-8''%0A"],
  ['Exchange-Official', 'nobody'],
  ['Exchange-Fields', ''],
  ['Exchange-Fields', 'year,'],
  ['Exchange-Fields', 'year,year'],
  ['Exchange-Fields', 'year amount'],
  ['Idempotency-Key', ''],
  ['Idempotency-Key', '""'],
  ['Idempotency-Key', '"a'],
  ['Idempotency-Key', 'a b'],
  ['Idempotency-Key', `"${'a'.repeat(256)}"`],
  ['Connection', 'close, X-Road-Client'],
  ['Connection', 'exchange-purpose'],
])('%s: %j is refused as malformed', (name, value) => {
  expect(refusal(name, value)).toBe('Client.Request.MalformedHeader')
})

test.each([
  'TW/GOV/A000000018',
  'TW/GOV/A000000018/welfare/x',
  'TW//A000000018/welfare',
  '',
  'a%2Fb/c/d/e',
])('X-Road-Client %j names no subsystem', (client) => {
  expect(readHeaders(['X-Road-Client', client])).toEqual({
    kind: 'refused',
    code: 'Client.Request.MalformedHeader',
  })
})

test('a document number may come in ASCII only (RFC 8187)', () => {
  const number = '北市社助字第1號'
  expect(read('Exchange-Case', `UTF-8''${encodeURIComponent(number)}`).caseNumber).toBe(number)
})

test('200 characters are 200 characters, whatever their bytes', () => {
  expect(read('Exchange-Case', onTheWire('測'.repeat(200))).caseNumber).toHaveLength(200)
  expect(refusal('Exchange-Case', onTheWire('測'.repeat(201)))).toBeDefined()
})

test('a represented party without a class is of the class of the client', () => {
  expect(read('X-Road-Represented-Party', 'A300000014').representedParty).toBe('TW/GOV/A300000014')
})

test.each([
  ['abc', 'abc'],
  ['"abc"', 'abc'],
  [String.raw`"a\"b\\c"`, String.raw`a"b\c`],
  ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
])('Idempotency-Key %s is the key %s', (text, key) => {
  expect(read('Idempotency-Key', text).idempotencyKey).toBe(key)
})

test('Connection may say what it likes about other headers', () => {
  expect(refusal('Connection', 'keep-alive, x-other', 'Connection', 'te')).toBeUndefined()
})
