import { describe, expect, test } from '@jest/globals'
import {
  bindRequest,
  type Bound,
  type NotBound,
} from '../../gateway/exchange/binding/bind-request.ts'
import { compileService } from '../../gateway/exchange/binding/compile-service.ts'
import type { ParameterRegistration } from '../../policies/service.ts'
import { endpoint, parameter, service } from './registrations.ts'

const ASKED = 'A000000018'
const OTHER = 'A000000027'
const JSON_BODY = ['Host', 'gateway', 'Content-Type', 'application/json']

const inPath = parameter('id', { in: 'path', type: 'national-id', required: true })
const inQuery = parameter('id', { type: 'national-id', required: true })
const years = parameter('years', { type: 'year', list: true, required: true })
const relation = parameter('relation', { type: 'code', codes: ['SPOUSE', 'CHILD'] })
const inBody = parameter('id', {
  in: 'body',
  pointer: '/person/id',
  type: 'national-id',
  required: true,
})

const income = endpoint({
  path: '/income/{id}',
  parameters: [inPath, years, relation],
  subject: 'id',
})
const search = endpoint({
  method: 'POST',
  path: '/search',
  requestType: 'application/json',
  parameters: [
    inBody,
    parameter('years', { in: 'body', pointer: '/years/*', type: 'year', list: true }),
    parameter('exact', { in: 'body', type: 'boolean' }),
    parameter('least', { in: 'body', pointer: '/person/least', type: 'integer' }),
    parameter('note', { in: 'body', maxLength: 4 }),
    parameter('page', { type: 'integer' }),
  ],
  subject: 'id',
})
const list = endpoint({ path: '/people/list' })
const one = endpoint({ path: '/people/{name}', parameters: [parameter('name', { in: 'path' })] })
const remove = endpoint({
  method: 'DELETE',
  path: '/people/{other}',
  parameters: [parameter('other', { in: 'path' })],
})
const byQuery = endpoint({ path: '/by-query', parameters: [inQuery, relation], subject: 'id' })
const slash = endpoint({ path: '/slash/' })
const root = endpoint({ path: '' })
const semicolon = endpoint({ path: '/path;/' })
const chinese = endpoint({ path: '/%E7%94%B3%E5%A0%B1' })

const compiled = compileService(
  service(income, search, one, list, remove, byQuery, slash, root, semicolon, chinese),
  { syntheticIds: true },
)

function bind(
  target: string,
  method = 'GET',
  body?: string | Buffer,
  headers = JSON_BODY,
): Bound | NotBound {
  const mark = target.indexOf('?')
  const [path, query] =
    mark < 0 ? [target, undefined] : [target.slice(0, mark), target.slice(mark + 1)]
  return bindRequest(compiled, {
    method,
    path,
    query,
    body: body === undefined ? undefined : Buffer.from(body),
    headers,
  })
}

function codeOf(answer: Bound | NotBound): string {
  return answer.kind === 'bound' ? 'bound' : answer.code.replace('Client.Request.', '')
}

const asked = (target: string): string => codeOf(bind(target))
const posted = (body: string, target = '/search'): string => codeOf(bind(target, 'POST', body))

test('a request is bound to its endpoint, its subject and the parameters that may stand in the log', () => {
  const target = `/income/${ASKED}?years=112,113&relation=CHILD`
  expect(bind(target)).toEqual({
    kind: 'bound',
    endpoint: income,
    subject: ASKED,
    parameters: { years: ['112', '113'], relation: ['CHILD'] },
    pathAndQuery: target,
  })
  const body = `{"years":[113,"112"],"exact":true,"note":"測試甲","person":{"least":-5,"id":"\\u0041000000018"}}`
  expect(bind('/search?page=2', 'POST', body)).toEqual({
    kind: 'bound',
    endpoint: search,
    subject: ASKED,
    // Of the text that it was given, and not what it says.
    parameters: { page: ['2'], years: ['113', '112'], least: ['-5'], exact: ['true'], note: [] },
    pathAndQuery: '/search?page=2',
  })
})

describe('the path', () => {
  test('a literal segment wins over a parameter, whatever the method', () => {
    expect(bind('/people/list')).toMatchObject({ endpoint: list })
    expect(bind('/people/lists')).toMatchObject({ endpoint: one })
    expect(bind('/people/lists', 'DELETE')).toMatchObject({ endpoint: remove })
    expect(bind('/people/list', 'DELETE')).toEqual({
      kind: 'refused',
      code: 'Client.Request.MethodNotAllowed',
      allow: ['GET'],
    })
    expect(bind('/people/lists', 'PUT')).toMatchObject({ allow: ['DELETE', 'GET'] })
    for (const method of ['HEAD', 'OPTIONS', 'TRACE', 'get', '']) {
      expect(codeOf(bind('/people/list', method))).toBe('MethodNotAllowed')
    }
  })

  test('only what is registered is known, a last slash included', () => {
    expect(bind('')).toMatchObject({ endpoint: root, pathAndQuery: '' })
    expect(bind('/slash/')).toMatchObject({ endpoint: slash })
    expect(bind('/path%3B/')).toMatchObject({ endpoint: semicolon, pathAndQuery: '/path%3B/' })
    expect(bind('/%E7%94%B3%E5%A0%B1')).toMatchObject({ endpoint: chinese })
    for (const path of [
      '/',
      '/slash',
      '/people',
      '/people/',
      '/people/list/',
      '/people/a/b',
      '/People/list',
    ]) {
      expect([path, asked(path)]).toEqual([path, 'UnknownEndpoint'])
    }
  })

  test.each([
    ...[
      '/people/..',
      '/people/.',
      '/people/../income',
      '/./people/list',
      '/people/%2e%2e',
      '/people/%2E%2E',
    ],
    ...[
      '/people/.%2e',
      '/people/%2E',
      '/people//list',
      '//people/list',
      '/people/list//',
      '/people/a%2Fb',
    ],
    ...[
      '/people/a%2fb',
      '/people/a%5Cb',
      '/people/a%5cb',
      '/people/a\\b',
      '/people/list;x=1',
      '/people;/list',
    ],
    ...[
      '/people/%00',
      '/people/a%0d%0a',
      '/people/a%7F',
      '/people/%C2%85',
      '/people/%C0%AE%C0%AE',
      '/people/%C0%AF',
    ],
    ...[
      '/people/%E0%80%AE',
      '/people/%ED%A0%80',
      '/people/%F4%90%80%80',
      '/people/%FF',
      '/people/%80',
      '/people/%E6%B8',
    ],
    ...[
      '/people/%zz',
      '/people/%',
      '/people/%4',
      '/people/%u0041',
      '/people/%41',
      '/people/%6C%69st',
      '/people/%7E',
    ],
    ...[
      '/people/%252e',
      '/people/%25',
      '/people/a b',
      '/people/a"b',
      '/people/<a>',
      '/people/a|b',
      '/people/a^b',
    ],
    ...[
      '/people/a`b',
      '/people/{name}',
      '/people/[a]',
      '/people/a#b',
      '/people/測',
      '/people/\u00e6',
      '/people/a\tb',
    ],
    ...['people/list', '/people/%e6%b8%ac', '/%70eople/list', 'http://x/people/list', '*'],
  ])('%s has no canonical reading and is refused', (path) => {
    const answer = bindRequest(compiled, {
      method: 'GET',
      path,
      query: undefined,
      body: undefined,
      headers: [],
    })
    expect(answer).toEqual({ kind: 'refused', code: 'Client.Request.MalformedPath' })
  })
})

describe('the query', () => {
  test.each([
    ['', 'ParameterMissing'],
    ['?', 'ParameterMalformed'],
    ['?years', 'ParameterMalformed'],
    ['?years=', 'ParameterMalformed'],
    ['?=112', 'ParameterMalformed'],
    ['?years=112&', 'ParameterMalformed'],
    ['?&years=112', 'ParameterMalformed'],
    ['?years=112&&relation=CHILD', 'ParameterMalformed'],
    ['?years=112;relation=CHILD', 'ParameterMalformed'],
    ['?years=112,', 'ParameterMalformed'],
    ['?years=112,112', 'ParameterMalformed'],
    ['?years=112%2C113', 'ParameterMalformed'],
    ['?years=1%312', 'ParameterMalformed'],
    ['?years=+112', 'ParameterMalformed'],
    ['?years=112&relation=a+b', 'ParameterMalformed'],
    ['?years=112=113', 'ParameterMalformed'],
    ['?ye%61rs=112', 'ParameterMalformed'],
    ['?years=%e6', 'ParameterMalformed'],
    ['?years=112&x=%00', 'ParameterMalformed'],
    ['?years[]=112', 'ParameterMalformed'],
    ['?years%5B%5D=112', 'ParameterUnregistered'],
    ['?Years=112', 'ParameterUnregistered'],
    ['?years=112&x=1', 'ParameterUnregistered'],
    ['?years=112&years=113', 'ParameterRepeated'],
    ['?years=112&x=1&x=1', 'ParameterRepeated'],
    ['?relation=CHILD', 'ParameterMissing'],
    ['?years=112&relation=child', 'ParameterMalformed'],
    ['?years=112&relation=CHILD,SPOUSE', 'ParameterMalformed'],
    ['?years=112', 'bound'],
    ['?relation=CHILD&years=113,1', 'bound'],
  ])('%s is answered %s', (query, code) => {
    expect(asked(`/income/${ASKED}${query}`)).toBe(code)
  })
})

describe('the subject', () => {
  test.each([
    [`?id=${ASKED}`, 'bound'],
    [`?id=${ASKED}&id=${OTHER}`, 'DuplicateLocator'],
    [`?id=${ASKED}&id=${ASKED}`, 'DuplicateLocator'],
    [`?id=${ASKED}&id=${OTHER}&x=1`, 'DuplicateLocator'],
    [`?id=${ASKED},${OTHER}`, 'SubjectMalformed'],
    ['?id=', 'SubjectMalformed'],
    ['?id=a000000018', 'SubjectMalformed'],
    ['?id=A000000019', 'SubjectMalformed'],
    [`?id=${ASKED}%20`, 'SubjectMalformed'],
    [`?id=%20${ASKED}`, 'SubjectMalformed'],
    [`?ID=${ASKED}`, 'LocatorMissing'],
    [`?id=${ASKED}&ID=${OTHER}`, 'ParameterUnregistered'],
    ['', 'LocatorMissing'],
    ['?relation=CHILD', 'LocatorMissing'],
  ])('in the query: %s is answered %s', (query, code) => {
    expect(asked(`/by-query${query}`)).toBe(code)
  })

  test('named in the path and again in the query, it is named twice', () => {
    expect(asked(`/income/${ASKED}?years=112&id=${ASKED}`)).toBe('DuplicateLocator')
    expect(asked(`/income/${OTHER}x?years=112`)).toBe('SubjectMalformed')
  })

  test.each([
    [`{"person":{"id":"${ASKED}"}}`, 'bound'],
    [`{"person":{"id":"${ASKED}","id":"${OTHER}"}}`, 'DuplicateLocator'],
    [`{"person":{"id":"${ASKED}","\\u0069d":"${OTHER}"}}`, 'DuplicateLocator'],
    [`{"person":{"id":"${ASKED}"},"person":{"id":"${OTHER}"}}`, 'DuplicateLocator'],
    [`{"person":{"id":"${ASKED}"},"person":{}}`, 'ParameterRepeated'],
    [`{"person":{"id":"${ASKED}"},"id":"${OTHER}"}`, 'DuplicateLocator'],
    [`{"person":{"id":"${ASKED}","x":[{"id":"${OTHER}"}]}}`, 'DuplicateLocator'],
    [`{"id":"${ASKED}"}`, 'LocatorMissing'],
    ['{"person":{}}', 'LocatorMissing'],
    ['{}', 'LocatorMissing'],
    ['{"person":{"id":null}}', 'SubjectMalformed'],
    [`{"person":{"id":["${ASKED}"]}}`, 'SubjectMalformed'],
    ['{"person":{"id":18}}', 'SubjectMalformed'],
  ])('in the body: %s is answered %s', (body, code) => {
    expect(posted(body)).toBe(code)
  })

  test('named in the body and again in the query, or not in the body at all, it is refused', () => {
    expect(posted(`{"person":{"id":"${ASKED}"}}`, `/search?id=${ASKED}`)).toBe('DuplicateLocator')
    expect(codeOf(bind('/search', 'POST'))).toBe('LocatorMissing')
    expect(codeOf(bind(`/search?id=${ASKED}`, 'POST'))).toBe('LocatorMissing')
  })

  test('a number that nobody holds is refused in earnest', () => {
    const earnest = compileService(service(byQuery), { syntheticIds: false })
    const request = {
      method: 'GET',
      path: '/by-query',
      query: `id=${ASKED}`,
      body: undefined,
      headers: [],
    }
    expect(bindRequest(earnest, request)).toMatchObject({ code: 'Client.Request.SubjectMalformed' })
  })
})

describe('the body', () => {
  const with_ = (members: string): string => `{"person":{"id":"${ASKED}"},${members}}`

  test.each([
    [with_('"years":[113]'), 'bound'],
    [with_('"years":[]'), 'ParameterMalformed'],
    [with_('"years":[113,"113"]'), 'ParameterMalformed'],
    [with_('"years":113'), 'ParameterMalformed'],
    [with_('"years":[[113]]'), 'ParameterMalformed'],
    [with_('"years":[1.5]'), 'ParameterMalformed'],
    [with_('"years":[113.0]'), 'ParameterMalformed'],
    [with_('"exact":"true"'), 'ParameterMalformed'],
    [with_('"exact":null'), 'ParameterMalformed'],
    [with_('"note":"五個字以上"'), 'ParameterMalformed'],
    [with_('"note":"😀😀😀😀"'), 'bound'],
    [with_('"note":"a\\u0000"'), 'ParameterMalformed'],
    [with_('"note":1'), 'ParameterMalformed'],
    [with_('"exact":true,"exact":true'), 'ParameterRepeated'],
    [with_('"other":1'), 'ParameterUnregistered'],
    [with_('"note":"a","other":{"deep":[1]}'), 'ParameterUnregistered'],
    [with_('"__proto__":1'), 'ParameterUnregistered'],
    [`{"person":{"id":"${ASKED}","least":9007199254740991}}`, 'bound'],
    [`{"person":{"id":"${ASKED}","least":9007199254740993}}`, 'ParameterMalformed'],
    [`{"person":{"id":"${ASKED}","least":1e3}}`, 'ParameterMalformed'],
    [`{"person":{"id":"${ASKED}","least":-0}}`, 'ParameterMalformed'],
    [`{"person":{"id":"${ASKED}","least":"5"}}`, 'ParameterMalformed'],
    [`[{"id":"${ASKED}"}]`, 'LocatorMissing'],
    ['"text"', 'LocatorMissing'],
    ['{', 'BodyMalformed'],
    [`${with_('"exact":true')} x`, 'BodyMalformed'],
    ['\ufeff{}', 'BodyMalformed'],
    ["{'a':1}", 'BodyMalformed'],
    [with_(`"x":${'['.repeat(32)}${']'.repeat(32)}`), 'BodyMalformed'],
  ])('%s is answered %s', (body, code) => {
    expect(posted(body)).toBe(code)
  })

  test('bytes that are not UTF-8 are refused', () => {
    const body = Buffer.from(with_('"note":"a"'))
    body[body.length - 3] = 0xff
    expect(codeOf(bind('/search', 'POST', body))).toBe('BodyMalformed')
  })

  test.each([
    ['application/json', 'bound'],
    ['Application/JSON; charset=UTF-8', 'bound'],
    ['application/json;charset="utf-8"', 'bound'],
    ['application/json; charset=big5', 'UnsupportedMediaType'],
    ['application/json; charset=utf-8; charset=big5', 'UnsupportedMediaType'],
    ['application/json; x=y', 'UnsupportedMediaType'],
    ['application/json, text/plain', 'UnsupportedMediaType'],
    ['application/problem+json', 'UnsupportedMediaType'],
    ['application/x-www-form-urlencoded', 'UnsupportedMediaType'],
    ['', 'UnsupportedMediaType'],
  ])('of type %s it is answered %s', (type, code) => {
    expect(codeOf(bind('/search', 'POST', with_('"exact":true'), ['content-type', type]))).toBe(
      code,
    )
  })

  test('only as the one registered type, without content coding, no larger than registered', () => {
    const body = with_('"exact":true')
    const twice = [...JSON_BODY, 'content-type', 'application/json']
    expect(codeOf(bind('/search', 'POST', body, []))).toBe('UnsupportedMediaType')
    expect(codeOf(bind('/search', 'POST', body, twice))).toBe('UnsupportedMediaType')
    for (const coding of ['gzip', 'identity', '']) {
      const coded = [...JSON_BODY, 'CONTENT-ENCODING', coding]
      expect(codeOf(bind('/search', 'POST', body, coded))).toBe('UnsupportedMediaType')
    }
    expect(codeOf(bind('/search', 'POST', body.padEnd(4096)))).toBe('bound')
    expect(codeOf(bind('/search', 'POST', body.padEnd(4097)))).toBe('BodyTooLarge')
    expect(codeOf(bind('/people/list', 'GET', '{}'))).toBe('BodyMalformed')
    expect(codeOf(bind('/people/list', 'GET', ''))).toBe('bound')
  })
})

test('each type of parameter has one spelling for one value', () => {
  const answer = (changes: Partial<ParameterRegistration>, value: string): string => {
    const it = compileService(service(endpoint({ parameters: [parameter('it', changes)] })), {
      syntheticIds: true,
    })
    return codeOf(
      bindRequest(it, {
        method: 'GET',
        path: '/people',
        query: `it=${value}`,
        body: undefined,
        headers: [],
      }),
    )
  }
  // An encoded comma is one value for those that split first, and two for those that decode first.
  expect(answer({ list: true }, 'a,b')).toBe('bound')
  expect(answer({ list: true }, 'a%2Cb')).toBe('ParameterMalformed')
  const rows: [Partial<ParameterRegistration>, string[], string[]][] = [
    [{ type: 'year' }, ['1', '113', '2024'], ['0', '0113', '-1', '20245', '１１３', '1e3']],
    [{ type: 'date' }, ['2024-02-29'], ['2023-02-29', '2024-2-29', '20240229', '']],
    [{ type: 'code', codes: ['A', 'B'] }, ['A'], ['a', 'A,B', 'C', '', 'constructor']],
    [
      { type: 'integer' },
      ['0', '-1', '9007199254740991'],
      ['-0', '01', '1.0', '9007199254740992', '0x1', ''],
    ],
    [{ type: 'boolean' }, ['true', 'false'], ['TRUE', '1', '']],
    [
      { type: 'text', maxLength: 3 },
      ['', 'abc', '%E6%B8%AC%E8%A9%A6%E7%94%B2', 'a,b', '%F0%9F%98%80'],
      ['abcd', '\n', '\u0085'],
    ],
    [{ type: 'national-id' }, [ASKED], [ASKED.toLowerCase(), 'A000000019', '']],
  ]
  for (const [changes, good, bad] of rows) {
    for (const value of good)
      expect([changes.type, value, answer(changes, value)]).toEqual([changes.type, value, 'bound'])
    for (const value of bad) {
      const written = encodeURIComponent(value)
      expect([changes.type, value, answer(changes, written)]).toEqual([
        changes.type,
        value,
        'ParameterMalformed',
      ])
    }
  }
})

test('of two faults the earlier check is told', () => {
  expect(asked('/people/..?x=%zz')).toBe('MalformedPath')
  expect(codeOf(bind('/unknown', 'PUT'))).toBe('UnknownEndpoint')
  expect(codeOf(bind('/search?%zz', 'PUT', '{'))).toBe('MethodNotAllowed')
  expect(codeOf(bind('/search?%zz', 'POST', '{', []))).toBe('UnsupportedMediaType')
  expect(codeOf(bind('/search?%zz', 'POST', '{'))).toBe('BodyMalformed')
  expect(codeOf(bind(`/search?id=${ASKED}&%zz`, 'POST', '{"person":{"id":"x"}}'))).toBe(
    'ParameterMalformed',
  )
  expect(codeOf(bind(`/search?id=${ASKED}&page=1&page=1`, 'POST', '{"person":{"id":"x"}}'))).toBe(
    'DuplicateLocator',
  )
  expect(codeOf(bind('/search?page=x&page=1&y=1', 'POST', '{"person":{"id":"x"}}'))).toBe(
    'ParameterRepeated',
  )
  expect(codeOf(bind('/search?page=x&y=1', 'POST', '{"person":{"id":"x"}}'))).toBe(
    'ParameterUnregistered',
  )
  expect(codeOf(bind('/search?page=x', 'POST', '{"person":{"id":"x"}}'))).toBe('SubjectMalformed')
})

test('a registration that contradicts itself is not compiled', () => {
  const post = { method: 'POST', requestType: 'application/json' } as const
  const wrong = [
    [
      income,
      endpoint({ path: '/income/{number}', parameters: [parameter('number', { in: 'path' })] }),
    ],
    [endpoint({ path: '/a/{x}' })],
    [endpoint({ path: '/a', parameters: [parameter('x', { in: 'path' })] })],
    [endpoint({ path: '/a//b' })],
    [endpoint({ path: '/a/../b' })],
    [endpoint({ path: '/a/x{y}' })],
    [endpoint({ subject: 'id' })],
    [endpoint({ parameters: [parameter('id')], subject: 'id' })],
    [endpoint({ parameters: [{ ...inQuery, list: true }], subject: 'id' })],
    [endpoint({ parameters: [relation, relation] })],
    [endpoint({ parameters: [parameter('c', { type: 'code' })] })],
    [endpoint({ parameters: [inBody] })],
    [
      endpoint({
        ...post,
        parameters: [inBody, parameter('p', { in: 'body', pointer: '/person' })],
      }),
    ],
    [
      endpoint({
        ...post,
        parameters: [parameter('p', { in: 'body', pointer: '/p', list: true })],
      }),
    ],
    [endpoint({ ...post, parameters: [parameter('p', { in: 'body', pointer: '' })] })],
  ]
  for (const endpoints of wrong) {
    expect(() => compileService(service(...endpoints), { syntheticIds: true })).toThrow(RangeError)
  }
})
