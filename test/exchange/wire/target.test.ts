import fc from 'fast-check'
import { expect, test } from '@jest/globals'
import { splitTarget } from '../../../gateway/exchange/wire/target.ts'
import { ServiceId } from '../../../policies/vocabulary.ts'

const BASE = '/r1/TW/GOV/A000000027/income/yearly'

test.each([
  [BASE, ''],
  [`${BASE}/`, '/'],
  [`${BASE}/persons/113`, '/persons/113'],
  [`${BASE}/a/b/`, '/a/b/'],
  [`${BASE}/path%3B/`, '/path%3B/'],
  [`${BASE}/%E6%B8%AC%E8%A9%A6`, '/%E6%B8%AC%E8%A9%A6'],
  [`${BASE}/a.b..c/...`, '/a.b..c/...'],
])('%s asks the service for %j', (path, rest) => {
  expect(splitTarget(path)).toEqual({
    kind: 'target',
    service: 'TW/GOV/A000000027/income/yearly',
    rest,
  })
})

test('each part of the identifier is decoded by itself, and has one canonical form', () => {
  const target = splitTarget('/r1/TW/GOV/A000000027/%E6%B8%AC%E8%A9%A6/a+b')
  expect(target).toMatchObject({ service: ServiceId.of('TW', 'GOV', 'A000000027', '測試', 'a+b') })
})

const HOSTILE: Readonly<Record<string, string>> = {
  'no service': '/r1/TW/GOV/A000000027/income',
  'an empty service': '/r1/TW/GOV/A000000027/income/',
  'another version': '/r2/TW/GOV/A000000027/income/yearly',
  'a prefix only': '/r1',
  'an empty segment': `${BASE}//persons`,
  'an empty part': '/r1/TW//A000000027/income/yearly/x',
  'two slashes at the end': `${BASE}/a//`,
  'a dot segment': `${BASE}/./a`,
  'a parent segment': `${BASE}/a/../b`,
  'a parent segment at the end': `${BASE}/..`,
  'a parent segment in the identifier': '/r1/TW/GOV/../income/yearly',
  'an encoded parent segment': `${BASE}/%2e%2e/b`,
  'an encoded parent segment in capitals': `${BASE}/%2E%2E/b`,
  'a half-encoded parent segment': `${BASE}/.%2E/b`,
  'a doubly encoded parent segment': `${BASE}/%252e%252e/b`,
  'an encoded slash': `${BASE}/a%2Fb`,
  'an encoded slash in the identifier': '/r1/TW/GOV/A000000027/in%2Fcome/yearly',
  'a backslash': `${BASE}/a\\b`,
  'an encoded backslash': `${BASE}/a%5Cb`,
  NUL: `${BASE}/a%00b`,
  'an encoded line break': `${BASE}/a%0D%0Ab`,
  'an encoded delete': `${BASE}/a%7F`,
  'an encoded C1 control': `${BASE}/a%C2%85`,
  'a zero-width space': `${BASE}/a%E2%80%8B`,
  'a byte order mark in the identifier': '/r1/TW/GOV/%EF%BB%BFA000000027/income/yearly',
  'lower-case hex': `${BASE}/%e6%b8%ac`,
  'an encoded letter': `${BASE}/%41`,
  'bad percent-encoding': `${BASE}/%`,
  'half a percent-encoding': `${BASE}/%4`,
  'no hex': `${BASE}/%ZZ`,
  'a cut UTF-8 sequence': `${BASE}/%E6%B8`,
  'an overlong UTF-8 slash': `${BASE}/%C0%AF`,
  'an encoded surrogate': `${BASE}/%ED%A0%80`,
  'a path parameter': `${BASE}/a;jsessionid=1`,
  'a fragment': `${BASE}/a#b`,
  'a question mark': `${BASE}?a=b`,
  'a raw line break': `${BASE}/a\n`,
  'a raw line break at the end': `${BASE}\n`,
  'a raw non-ASCII letter': `${BASE}/測`,
  'a colon in the identifier': '/r1/TW/GOV/A:1/income/yearly',
  'an over-long part': `/r1/TW/GOV/${'A'.repeat(129)}/income/yearly`,
  'an over-long path': `${BASE}/${'a'.repeat(5000)}`,
}

test.each(Object.entries(HOSTILE))('%s is refused', (_what, path) => {
  expect(splitTarget(path)).toEqual({ kind: 'refused', code: 'Client.Request.MalformedPath' })
})

test('whatever is accepted is put together again from what was read, and decodes once', () => {
  const piece = fc.constantFrom(
    'a',
    'Z',
    '9',
    '.',
    '..',
    '/',
    '//',
    '%',
    '%2F',
    '%2e',
    '%E6%B8%AC',
    '~',
    '+',
    ';',
    '\\',
    '%25',
    '測',
    '-',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const tail = pieces.join('')
      const target = splitTarget(BASE + tail)
      if (target.kind === 'refused') return
      expect((BASE + tail).endsWith(target.rest)).toBe(true)
      expect(target.rest === '' || target.rest.startsWith('/')).toBe(true)
      const segments = target.rest.split('/').slice(1, -1).map(decodeURIComponent)
      for (const segment of segments) {
        expect(['', '.', '..']).not.toContain(segment)
        expect(segment).not.toMatch(/[/\\%]/)
      }
    }),
    { numRuns: 2000 },
  )
})
