import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bindRequest } from '../../gateway/exchange/binding/bind-request.ts'
import { compileService } from '../../gateway/exchange/binding/compile-service.ts'
import { endpoint, parameter, service } from './registrations.ts'

const ASKED = 'A000000018'
const OTHER = 'A000000027'

const text = parameter('text', { maxLength: 20 })
const codes = parameter('codes', { type: 'code', codes: ['a', 'b', ',', '測'], list: true })
const compiled = compileService(
  service(
    endpoint({
      path: '/people/{id}/{rest}',
      parameters: [
        parameter('id', { in: 'path', type: 'national-id', required: true }),
        parameter('rest', { in: 'path' }),
        text,
        codes,
      ],
      subject: 'id',
    }),
    endpoint({
      path: '/people',
      parameters: [parameter('id', { type: 'national-id', required: true }), text, codes],
      subject: 'id',
    }),
    endpoint({
      method: 'POST',
      path: '/people',
      requestType: 'application/json',
      parameters: [
        parameter('id', { in: 'body', pointer: '/person/id', type: 'national-id', required: true }),
        parameter('codes', {
          in: 'body',
          pointer: '/codes/*',
          type: 'code',
          codes: ['a', 'b'],
          list: true,
        }),
        parameter('text', { in: 'body', maxLength: 20 }),
      ],
      subject: 'id',
    }),
  ),
  { syntheticIds: true },
)

const piece = fc.constantFrom(
  ...[
    '/people',
    '/',
    ASKED,
    OTHER,
    'a',
    'b',
    'A',
    '.',
    '..',
    '%2E',
    '%2e',
    '%2F',
    '%5C',
    '%25',
    '%',
    ';',
    '\\',
    '+',
  ],
  ...[
    '%2B',
    '%20',
    ' ',
    '%00',
    '%E6%B8%AC',
    '測',
    '%e6',
    ',',
    '%2C',
    '=',
    '&',
    '?',
    '#',
    ':',
    '@',
    '!',
    "'",
    '%27',
    '*',
  ],
  ...[
    'id=',
    '&id=',
    'text=',
    '&text=',
    '&codes=',
    'codes=',
    '&',
    `?id=${ASKED}`,
    `/people/${ASKED}/`,
    '%3B',
    '~',
    '%7E',
  ],
)
const tail = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
const target = fc
  .oneof(
    fc.tuple(
      fc.constantFrom(`/people/${ASKED}/`, `/people?id=${ASKED}`, `/people/${ASKED}/x?`, ''),
      tail,
    ),
  )
  .map(([start, rest]) => start + rest)

test('what is bound is what every other reader of the same target finds, and is not rewritten by any', () => {
  let bound = 0
  fc.assert(
    fc.property(target, (raw) => {
      const mark = raw.indexOf('?')
      const [path, query] = mark < 0 ? [raw, undefined] : [raw.slice(0, mark), raw.slice(mark + 1)]
      const answer = bindRequest(compiled, {
        method: 'GET',
        path,
        query,
        body: undefined,
        headers: [],
      })
      if (answer.kind === 'refused') return
      bound += 1
      const url = new URL(`http://provider${answer.pathAndQuery}`)
      expect([answer.pathAndQuery, url.pathname + url.search]).toEqual([raw, raw])
      const segments = url.pathname.split('/').map(decodeURIComponent)
      // Decoded once more, it still is the same path: no second reading of it exists.
      expect(
        segments.map((segment) => segment.includes('%') || segment.includes('/')),
      ).not.toContain(true)
      const named = [...url.searchParams.getAll('id'), ...segments.slice(2, 3)]
      expect(named).toEqual([answer.subject])
      const values = url.searchParams.getAll('codes').flatMap((value) => value.split(','))
      expect(answer.parameters).toEqual({
        ...(values.length > 0 && { codes: values }),
        ...(segments.length > 3 && { rest: [] }),
        ...(url.searchParams.has('text') && { text: [] }),
      })
    }),
    { numRuns: 30_000 },
  )
  expect(bound).toBeGreaterThan(1000)
})

const token = fc.constantFrom(
  ...[
    '"person":',
    '"id":',
    '"\\u0069d":',
    '"codes":',
    '"text":',
    `"${ASKED}"`,
    `"${OTHER}"`,
    '{',
    '}',
    '[',
    ']',
    ',',
  ],
  ...[
    '"a"',
    '"b"',
    '1',
    'null',
    'true',
    `"person":{"id":"${ASKED}"}`,
    ',"codes":["a","b"]',
    ',"text":"測"',
    ' ',
    '\n',
  ],
)
const body = fc
  .tuple(
    fc.constantFrom('{', `{"person":{"id":"${ASKED}"}`, `{"person":{`),
    fc.array(token, { maxLength: 6 }),
    fc.constantFrom('}', '}}', ''),
  )
  .map(([open, tokens, close]) => open + tokens.join('') + close)

test('a body that is bound says the same to a plain parser, and names nobody else', () => {
  let bound = 0
  fc.assert(
    fc.property(body, (raw) => {
      const answer = bindRequest(compiled, {
        method: 'POST',
        path: '/people',
        query: undefined,
        body: Buffer.from(raw),
        headers: ['content-type', 'application/json'],
      })
      if (answer.kind === 'refused') return
      bound += 1
      const read = JSON.parse(raw) as { person: { id: string }; codes?: string[]; text?: string }
      expect(read.person).toEqual({ id: answer.subject })
      expect(
        Object.keys(read).filter((name) => !['person', 'codes', 'text'].includes(name)),
      ).toEqual([])
      expect(answer.parameters).toEqual({
        ...(read.codes && { codes: read.codes }),
        ...(read.text !== undefined && { text: [] }),
      })
      // Once as a name: neither spelling stands anywhere else.
      expect(raw.match(/"(?:i|\\u0069)d"\s*:/g)).toHaveLength(1)
    }),
    { numRuns: 30_000 },
  )
  expect(bound).toBeGreaterThan(300)
})

test('nothing that arrives makes the reader throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.uint8Array({ maxLength: 200 }),
      (path, query, bytes) => {
        const request = {
          method: 'POST',
          headers: ['content-type', 'application/json'],
          body: Buffer.from(bytes),
        }
        for (const at of ['/people', `/${path}`]) {
          expect(bindRequest(compiled, { ...request, path: at, query }).kind).toBe('refused')
        }
      },
    ),
    { numRuns: 3000 },
  )
})
