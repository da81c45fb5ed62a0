import { expect, test } from '@jest/globals'
import { passedHeaders } from '../../../gateway/exchange/wire/to-consumer.ts'

const DATE = 'Sun, 22 Nov 2026 00:00:00 GMT'

test.each([
  ['Content-Type', 'application/json'],
  ['content-type', 'application/json; charset=utf-8'],
  ['Content-Language', 'zh-Hant-TW, en'],
  ['Cache-Control', 'private, max-age=3600, stale-if-error=60'],
  ['Retry-After', '120'],
  ['Retry-After', DATE],
  ['Date', DATE],
  ['Expires', '0'],
  ['Expires', DATE],
])('%s: %s passes', (name, value) => {
  expect(passedHeaders([name, value], [])).toEqual([name, value])
})

test.each([
  ['X-Person', 'A300000014'],
  ['Set-Cookie', 'a=b'],
  ['Location', 'https://elsewhere/A300000014'],
  ['Server', 'nginx'],
  ['Content-Length', '5'],
  ['Content-Encoding', 'identity'],
  ['X-Road-Error', 'Server.Internal'],
  ['Content-Type', 'application/json; person="測試甲"'],
  ['Content-Language', 'A300000014-F300000037-H300000048'],
  ['Cache-Control', 'a=300000014'],
  ['Cache-Control', 'max-age=300000014'],
  ['Retry-After', '300000014'],
  ['Content-Language', 'zh-a3000000'],
  ['Cache-Control', 'private, person="A300000014"'],
  ['Content-Type', 'text/wang-shih-fan'],
  ['ETag', '"v1"'],
  ['ETag', 'W/"2a-S1OYlXzDYnMvB1bzDdVCNuMNbFs"'],
  ['Last-Modified', DATE],
  ['Retry-After', 'A300000014'],
  ['Expires', 'A300000014'],
  ['Date', 'yesterday'],
  ['Date', 'Mon, 30 Fzz 0000 03:70:00 GMT'],
  ['Date', 'Mon, 22 Nov 2026 00:00:00 GMT'],
  ['Date', 'Thu, 30 Jan 3000 00:00:37 GMT'],
  ['Expires', 'Mon, 30 Fzz 0000 03:70:00 GMT'],
  ['Retry-After', 'Mon, 30 Fzz 0000 03:70:00 GMT'],
  ['Cache-Control', 'max-age=30000, s-maxage=0037'],
  ['Cache-Control', 'max-age=300, max-age=37'],
  ['Content-Language', 'zh-Wang-AB, xi-Shih-CD'],
  ['Content-Language', 'wa, ng, sh, ih'],
])('%s: %s stays here', (name, value) => {
  expect(passedHeaders([name, value], [])).toEqual([])
})

test.each(['application/json ; charset=utf-8', 'Application/JSON;  Charset="utf-8"'])(
  'what was read as JSON leaves as JSON, however it was written (%s)',
  (value) => {
    expect(passedHeaders(['content-type', value], [])).toEqual(['content-type', 'application/json'])
  },
)

test('of a media type that ends in +json only that it is JSON is passed on, and of problem+json all', () => {
  const named = ['Content-Type', 'application/wang-shih-fan+json; charset=utf-8']
  expect(passedHeaders(named, [])).toEqual(['Content-Type', 'application/json'])
  const problem = ['Content-Type', 'application/problem+json']
  expect(passedHeaders(problem, [])).toEqual(problem)
})

test('a registered header passes, Location too; what is ours or ends at the hop never does', () => {
  const ours = [
    'x-road-error',
    'exchange-receipt',
    'ratelimit',
    'ratelimit-policy',
    'connection',
    'transfer-encoding',
    'content-encoding',
    'content-length',
  ]
  const sent = ['location', 'x-total', ...ours].flatMap((name) => [name.toUpperCase(), 'v'])
  expect(passedHeaders(sent, ['location', 'x-total', ...ours])).toEqual([
    'LOCATION',
    'v',
    'X-TOTAL',
    'v',
  ])
})

test('a header that stands once and is sent twice does not pass at all', () => {
  expect(passedHeaders(['Date', DATE, 'date', DATE, 'Expires', '0'], [])).toEqual(['Expires', '0'])
})

test('a registered header that would break out of its line does not pass', () => {
  expect(passedHeaders(['X-Total', '5\r\nSet-Cookie: a'], ['x-total'])).toEqual([])
})
