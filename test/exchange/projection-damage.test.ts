import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readJson } from '../../gateway/exchange/json/read.ts'
import { compileProjection } from '../../gateway/exchange/minimise/compile-projection.ts'
import { project } from '../../gateway/exchange/minimise/project.ts'
import { endpoint, field, names } from './registrations.ts'

const ASKED = 'A000000018'
const MALFORMED = { kind: 'refused', code: 'Server.Provider.Malformed' }
/** No substring of three bytes of these stands in anything that may pass. */
const CANARIES = ['QZXJK', '73519', 'qjzxk']

const registration = endpoint({
  subject: 'id',
  subjectInResponse: '/records/*/id',
  fields: [
    field('id', '/records/*/id', { type: 'national-id' }),
    field('name', '/records/*/name', { maxLength: 8 }),
    field('remark', '/records/*/remark'),
    field('tags', '/tags/*', { maxLength: 8 }),
    field('total', '/total', { type: 'number' }),
  ],
})
const compiled = compileProjection(registration, names('id', 'name', 'tags', 'total'), 'fields')
const record = `{"remark":"QZXJK","id":"${ASKED}","extra":{"qjzxk":[73519,"QZXJK"]},"name":"測\\n\\u7532","x":73519}`
const SAMPLE = Buffer.from(
  `{"tags":["ab","cd"],"secret":"QZXJK","records":[${record}, ${record}],"more":[true,null,-1.5e+3,"qjzxk"],"total":1.10}`,
)

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whatever arrives: nothing leaves, or JSON does, and no canary with it. */
function check(answer: Buffer): 'projected' | 'refused' {
  const result = project(compiled, answer, ASKED)
  if (result.kind === 'refused') return 'refused'
  const body = result.body.toString()
  if (!isJson(body)) throw new Error(`not JSON: ${body}`)
  if (!isJson(answer.toString())) throw new Error(`accepted, but not JSON: ${answer.toString()}`)
  const leak = CANARIES.flatMap((canary) => [canary.slice(0, 3), canary.slice(2)]).find((part) =>
    body.includes(part),
  )
  if (leak !== undefined) throw new Error(`${leak} left: ${body} of ${answer.toString()}`)
  return 'projected'
}

test('the sample passes undamaged, without its canaries', () => {
  expect(check(SAMPLE)).toBe('projected')
  expect(CANARIES.every((canary) => SAMPLE.includes(canary))).toBe(true)
})

test('an answer cut off anywhere is refused', () => {
  for (let length = 0; length < SAMPLE.length; length += 1) {
    expect(project(compiled, SAMPLE.subarray(0, length), ASKED)).toMatchObject(MALFORMED)
  }
  expect(project(compiled, Buffer.concat([SAMPLE, SAMPLE]), ASKED)).toMatchObject(MALFORMED)
})

test('no single changed, inserted or missing byte lets anything out that may not pass', () => {
  const counts = { projected: 0, refused: 0 }
  for (let at = 0; at < SAMPLE.length; at += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const changed = Buffer.from(SAMPLE)
      changed[at] = byte
      counts[check(changed)] += 1
    }
    for (const byte of '"\\{}[],: 0e-\u0000') {
      const inserted = Buffer.concat([
        SAMPLE.subarray(0, at),
        Buffer.from(byte),
        SAMPLE.subarray(at),
      ])
      counts[check(inserted)] += 1
    }
    counts[check(Buffer.concat([SAMPLE.subarray(0, at), SAMPLE.subarray(at + 1)]))] += 1
  }
  expect(counts.projected).toBeGreaterThan(5000)
  expect(counts.refused).toBeGreaterThan(50_000)
})

test('whatever is written over it, what leaves is what a plain parser finds at the permitted places', () => {
  const place = fc.nat(SAMPLE.length - 1)
  let projected = 0
  fc.assert(
    fc.property(place, place, fc.nat(12), (from, to, length) => {
      const damaged = Buffer.from(SAMPLE)
      SAMPLE.copy(damaged, to, from, Math.min(from + length, SAMPLE.length))
      const result = project(compiled, damaged, ASKED)
      if (result.kind === 'refused') return
      projected += 1
      expect(JSON.parse(result.body.toString())).toEqual(picked(damaged.toString()))
    }),
    { numRuns: 10_000 },
  )
  expect(projected).toBeGreaterThan(1000)
})

/** By `JSON.parse`, for answers of the sample's shape. */
function picked(text: string): unknown {
  const answer = JSON.parse(text) as { records?: Record<string, unknown>[] } & Record<
    string,
    unknown
  >
  const only = (object: Record<string, unknown>, ...wanted: string[]): Record<string, unknown> =>
    Object.fromEntries(
      wanted.filter((name) => Object.hasOwn(object, name)).map((name) => [name, object[name]]),
    )
  const top = only(answer, 'tags', 'total')
  if (top['tags'] === null) delete top['tags']
  return { ...top, records: answer.records?.map((each) => only(each, 'id', 'name')) }
}

/** Soup of tokens, nearly JSON. */
const soup = fc
  .array(
    fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        ' ',
        '\n',
        '\t',
        '\r',
        '\f',
        '\u00a0',
      ],
      ...[
        '"a"',
        '"b"',
        '""',
        '"\\u0061"',
        '"\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\ude00"',
        '"\\x"',
        '"\\u00g0"',
        '"\\',
      ],
      ...[
        '"\t"',
        '"\u007f"',
        '"\u2028"',
        '0',
        '-',
        '-0',
        '01',
        '1.',
        '.5',
        '1.5e+3',
        '1e',
        'e',
        '1E-2',
        '+1',
        '"',
      ],
      ...[
        'true',
        'false',
        'null',
        'True',
        'nul',
        'NaN',
        'Infinity',
        "'a'",
        '/**/',
        '\u0000',
        '\ufeff',
      ],
    ),
    { maxLength: 14 },
  )
  .map((tokens) => tokens.join(''))

test('what is JSON for the strict reader is JSON for everybody, and the other way round', () => {
  let read = 0
  const halfPair = /\\ud83d(?!\\ude00)|(?<!\\ud83d)\\ude00/
  const agree = (text: string): void => {
    const node = readJson(Buffer.from(text))
    if ((node !== undefined) !== (isJson(text) && !halfPair.test(text))) throw new Error(text)
    if (node !== undefined) read += 1
  }
  fc.assert(
    fc.property(soup, (text) => {
      agree(text)
    }),
    { numRuns: 20_000 },
  )
  fc.assert(
    fc.property(soup, (text) => {
      agree(`[${text}]`)
    }),
    { numRuns: 20_000 },
  )
  fc.assert(
    fc.property(fc.json(), (text) => {
      agree(text)
    }),
    { numRuns: 2000 },
  )
  expect(read).toBeGreaterThan(2000)
})

test('the walk accepts no text that the strict reader does not, and of objects all without a name twice', () => {
  const everything = compileProjection(
    endpoint({ fields: [field('a', '/a/a')] }),
    names('a'),
    'fields',
  )
  fc.assert(
    fc.property(soup, (inner) => {
      const text = Buffer.from(`{"b":[${inner}]}`)
      const whole =
        readJson(text) !== undefined &&
        !/"(?:a|\\u0061)".*"(?:a|\\u0061)"|"b".*"b".*"b"|"".*""/.test(text.toString())
      const accepted = project(everything, text, undefined).kind === 'projected'
      if (whole && !accepted) throw new Error(`refused: ${text.toString()}`)
      if (accepted && readJson(text) === undefined) throw new Error(`accepted: ${text.toString()}`)
    }),
    { numRuns: 20_000 },
  )
})

test.each([
  ['a lone continuation byte', [0x80]],
  ['an overlong slash', [0xc0, 0xaf]],
  ['an overlong quote', [0xc0, 0xa2]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ['a cut-off character', [0xe6, 0xb8]],
])('bytes that are not UTF-8 are refused, in dropped parts too: %s', (_, bytes) => {
  for (const name of ['"tags":["', '"secret":"', '"', '"secret":{"']) {
    const close =
      { '"tags":["': '"]', '"secret":"': '"', '"': '":1', '"secret":{"': '":1}' }[name] ?? ''
    const around = (inside: Buffer): Buffer =>
      Buffer.concat([Buffer.from(`{"records":[],${name}`), inside, Buffer.from(`${close}}`)])
    expect(project(compiled, around(Buffer.from(bytes)), ASKED)).toMatchObject(MALFORMED)
    expect(project(compiled, around(Buffer.from('測')), ASKED).kind).toBe('projected')
  }
})

test('a byte order mark is no JSON', () => {
  expect(project(compiled, Buffer.from('\ufeff{"records":[]}'), ASKED)).toMatchObject(MALFORMED)
})

test('nesting is bounded: 32 levels pass, 33 and a million are refused at once', () => {
  const nested = (levels: number, open: string, close: string): Buffer =>
    Buffer.from(`{"records":[],"deep":${open.repeat(levels - 1)}1${close.repeat(levels - 1)}}`)
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    expect(project(compiled, nested(32, open, close), ASKED).kind).toBe('projected')
    expect(project(compiled, nested(33, open, close), ASKED)).toMatchObject(MALFORMED)
    expect(project(compiled, nested(1_000_000, open, close), ASKED)).toMatchObject(MALFORMED)
    expect(readJson(nested(32, open, close))).toBeDefined()
    expect(readJson(nested(33, open, close))).toBeUndefined()
  }
})

test('a hundred thousand names, or a name of a megabyte, cost time in proportion and are held to a thousand', () => {
  const many = Array.from(
    { length: 100_000 },
    (_, at) => `"k${String(at).padStart(9, '0')}z":0`,
  ).join(',')
  for (const text of [`{"records":[],${many}}`, `{"records":[],"in":{${many}}}`]) {
    const started = performance.now()
    const result = project(compiled, Buffer.from(text), ASKED)
    // A comparison of each with each would take minutes.
    expect(performance.now() - started).toBeLessThan(3000)
    expect(result).toMatchObject({ kind: 'projected' })
    if (result.kind === 'projected') expect(result.others.length).toBeLessThanOrEqual(1000)
    const twice = text.replace('k000099999z', 'k000000007z')
    expect(project(compiled, Buffer.from(twice), ASKED)).toMatchObject(MALFORMED)
  }
  const long = 'n'.repeat(1 << 20)
  expect(project(compiled, Buffer.from(`{"records":[],"${long}":1}`), ASKED)).toMatchObject({
    others: [long],
  })
})
