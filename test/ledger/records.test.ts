import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json } from '../../policies/canonical-json.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { isCanonical, membersOf } from '../../gateway/ledger/canonical-scan.ts'
import { checkEntry, isPublic } from '../../gateway/ledger/check-entry.ts'
import type { CheckedEntry } from '../../gateway/ledger/check-entry.ts'
import { factsOf } from '../../gateway/ledger/check-record.ts'
import { digestOf, leafHashOf } from '../../gateway/ledger/hash.ts'
import { KINDS, canonicalLeaf, leafText, parseLeaf } from '../../gateway/ledger/leaf.ts'
import { commitmentToRow, publicRow, taipeiMonth } from '../../gateway/ledger/public-row.ts'
import type { RowKind } from '../../gateway/ledger/public-row.ts'
import { RecordTemplates } from '../../gateway/ledger/record-templates.ts'
import { decision, decisionEntry, digest, outcomeEntry } from '../harness/records.ts'

test('every canonical text is known as such, and a change of its spelling is not', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = canonicalJson(value)
      expect(isCanonical(text)).toBe(text.isWellFormed())
      expect(isCanonical(` ${text}`)).toBe(false)
      expect(isCanonical(`${text} `)).toBe(false)
      expect(isCanonical(`${text},`)).toBe(false)
    }),
    { numRuns: 1500 },
  )
})

test('a canonical text with one character changed, put in or taken out is canonical only if it says so itself', () => {
  const text = decisionEntry(1, 1, 'permit').record
  const isReally = (changed: string): boolean => {
    try {
      return canonicalJson(JSON.parse(changed) as Json) === changed
    } catch {
      return false
    }
  }
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.constantFrom('', ...Array.from('"{}[]:, \\0-.eEtn\u00e9\u0001')),
      (at, put) => {
        for (const changed of [
          text.slice(0, at) + put + text.slice(at + 1),
          text.slice(0, at) + put + text.slice(at),
        ]) {
          expect(isCanonical(changed)).toBe(isReally(changed))
        }
      },
    ),
    { numRuns: 4000 },
  )
})

test.each([
  '{"a":1,"a":2}',
  '{"b":1,"a":2}',
  '01',
  '-0',
  '1.0',
  '1E3',
  '1e3',
  '"\\u0041"',
  '"\\/"',
  '',
  '{',
  '[1,]',
  'nul',
  '"\ud800"',
])('%j is not canonical', (text) => {
  expect(isCanonical(text)).toBe(false)
})

test('nesting without end is refused, not a fault', () => {
  expect(isCanonical('['.repeat(60_000))).toBe(false)
  expect(isCanonical('["\\n",'.repeat(9_000))).toBe(false)
})

test('members are found at the top only, however a nested object is named', () => {
  const text = canonicalJson({
    a: { at: 1, exchange: 'inner' },
    at: 2,
    exchange: 'outer',
    z: [{ at: 3 }],
  })
  expect(membersOf(text, ['at', 'exchange', 'nothing'])).toEqual(['2', '"outer"', undefined])
})

describe('a leaf', () => {
  test('has one spelling', () => {
    for (const row of [undefined, digest('p')]) {
      const text = leafText('intent', digest('r'), row)
      expect(isCanonical(text)).toBe(true)
      expect(canonicalLeaf(parseLeaf(text)!)).toBe(text)
      expect(parseLeaf(text.replace('"v":1', '"v":2'))).toBeUndefined()
      expect(parseLeaf(text.replace('intent', 'invented'))).toBeUndefined()
      expect(parseLeaf(`${text} `)).toBeUndefined()
    }
  })
})

describe('the public row', () => {
  test('of a decision and of an outcome is canonical, and an auditor derives the same from the text', () => {
    const intent = decision(1, Date.UTC(2026, 10, 22), 'permit')
    expect(publicRow('intent', intent)).toBe(
      canonicalJson({
        bases: { collect: 'PDPA-15-1', disclose: 'PDPA-16-1' },
        consumer: 'T/GOV/A300000014',
        effect: 'permit',
        month: '2026-11',
        provider: 'T/GOV/B300000051',
        purpose: '031',
        service: 'T/GOV/B300000051/tax/income',
      }),
    )
    for (const entry of [
      decisionEntry(1, 5, 'permit'),
      decisionEntry(1, 5, 'deny'),
      outcomeEntry({ number: 1, at: 5, intent: 0 }),
    ]) {
      const { row } = factsOf(entry.kind, entry.record)!
      expect(isCanonical(row!.text)).toBe(true)
      expect(row!.commitment).toBe(entry.public)
    }
  })

  test('commits with the salt: the same row with another salt is another commitment', () => {
    expect(commitmentToRow('AAAAAAAAAAAAAAAAAAAAAA', '{}')).not.toBe(
      commitmentToRow('BBBBBBBBBBBBBBBBBBBBBA', '{}'),
    )
    expect(commitmentToRow('AAAAAAAAAAAAAAAAAAAAAA', '{}')).toBe(
      digestOf(Buffer.concat([Buffer.alloc(16), Buffer.from('{}')])),
    )
  })

  test('is committed to from its first to its last character, however long', () => {
    const salt = 'AAAAAAAAAAAAAAAAAAAAAA'
    for (const length of [1300, 1360, 4079, 4080, 4081, 12_000]) {
      const row = `{"service":"${'x'.repeat(length)}"}`
      expect(commitmentToRow(salt, row)).toBe(
        digestOf(Buffer.concat([Buffer.alloc(16), Buffer.from(row)])),
      )
      expect(commitmentToRow(salt, row.replace('x"}', 'y"}'))).not.toBe(commitmentToRow(salt, row))
    }
  })

  test('has a salt of 16 bytes: with any other, where it ended would be for the operator to say', () => {
    for (const { kind, record } of [
      decisionEntry(1, 5, 'permit'),
      outcomeEntry({ number: 1, at: 5, intent: 0 }),
    ]) {
      for (const salt of [
        '',
        'A',
        'A'.repeat(21),
        'A'.repeat(23),
        'A'.repeat(6000),
        '+'.repeat(22),
      ])
        expect(factsOf(kind, record.replace(/"salt":"[^"]*"/, `"salt":"${salt}"`))).toBeUndefined()
    }
  })

  test('takes its month in Taipei', () => {
    const month = (at: number): string => taipeiMonth(Instant.ofMilliseconds(at))
    expect(month(Date.UTC(2026, 10, 30, 15, 59, 59, 999))).toBe('2026-11')
    expect(month(Date.UTC(2026, 10, 30, 16))).toBe('2026-12')
    expect(month(Date.UTC(2026, 11, 31, 16))).toBe('2027-01')
  })
})

test('a record that a template matches is canonical and says the same as when it is judged in full', () => {
  const templates = new RecordTemplates()
  const entries = [
    decisionEntry(1, Date.UTC(2026, 10, 5), 'permit'),
    decisionEntry(1, Date.UTC(2026, 10, 5), 'deny'),
    outcomeEntry({ number: 1, at: Date.UTC(2026, 10, 5), intent: 17 }),
    outcomeEntry({
      number: 1,
      at: Date.UTC(2026, 10, 5),
      intent: 17,
      intentChain: 'T/exchange/g/1',
      outcome: 'unknown',
    }),
  ]
  for (const { kind, record } of entries)
    templates.learn(kind as RowKind, record, factsOf(kind, record)!)
  let matches = 0
  const agrees = (kind: RowKind, text: string): void => {
    const bytes = Buffer.from(`??${text}??`)
    const facts = templates.match(kind, bytes, 2, bytes.length - 2)
    if (facts === undefined) return
    matches += 1
    expect(isCanonical(text)).toBe(true)
    expect(facts).toEqual(factsOf(kind, text))
  }
  for (const { kind, record } of entries) agrees(kind as RowKind, record)
  expect(matches).toBe(4)
  fc.assert(
    fc.property(
      fc.constantFrom(...entries),
      fc.array(fc.tuple(fc.nat(2000), fc.constantFrom(...Array.from('09aZ-_"\\,.e{}: \u0001'))), {
        minLength: 1,
        maxLength: 3,
      }),
      ({ kind, record }, changes) => {
        let text = record
        for (const [at, put] of changes)
          text = text.slice(0, at % record.length) + put + text.slice((at % record.length) + 1)
        agrees(kind as RowKind, text)
      },
    ),
    { numRuns: 5000 },
  )
  expect(matches).toBeGreaterThan(100)
})

test('a template matches nothing whose values are not plain words and whole numbers, or that differs elsewhere', () => {
  const at = Date.UTC(2026, 10, 5)
  const { record } = decisionEntry(1, at, 'permit')
  const templates = new RecordTemplates()
  templates.learn('intent', record, factsOf('intent', record)!)
  const isMatched = (text: string): boolean => {
    const bytes = Buffer.from(text, 'latin1')
    return templates.match('intent', bytes, 0, bytes.length) !== undefined
  }
  const salt = '"salt":"AAAAAAAAAAAAAAAAAAAAAA"'
  expect(isMatched(record.replace(salt, '"salt":"-_09azAZ-_09azAZ-_09AA"'))).toBe(true)
  for (const odd of ['"', '\\', '\0', '\u007f', '\u00e9', '+', '/', '=', ' '])
    expect(isMatched(record.replace(salt, `"salt":"AAAAAAAAAAA${odd}AAAAAAAAAA"`))).toBe(false)
  const time = String(at + 5000)
  for (const odd of [
    `0${time.slice(1)}`,
    `-${time.slice(1)}`,
    `${time.slice(0, -2)}.5`,
    `${time.slice(0, -2)}e1`,
  ])
    expect(isMatched(record.replace(`"deadline":${time}`, `"deadline":${odd}`))).toBe(false)
  expect(isMatched(record.replace(time, '9'.repeat(13)))).toBe(true)
  expect(isMatched(record.replace('"v":1', '"v":2'))).toBe(false)
  expect(isMatched(record)).toBe(true)
})

test('of all bytes, a template takes for a plain word those that JSON spells as themselves, wherever in the word they stand', () => {
  const { record } = decisionEntry(1, Date.UTC(2026, 10, 5), 'permit')
  const templates = new RecordTemplates()
  templates.learn('intent', record, factsOf('intent', record)!)
  const plain = (code: number): boolean =>
    code >= 0x20 && code < 0x80 && code !== 0x22 && code !== 0x5c
  const from = record.indexOf('"request":"') + '"request":"'.length
  const end = record.indexOf('"', from)
  expect((end - from) % 4).not.toBe(0)
  const isMatched = (at: number, code: number): boolean => {
    const bytes = Buffer.from(record, 'latin1')
    bytes[at] = code
    return templates.match('intent', bytes, 0, bytes.length) !== undefined
  }
  const places = Array.from({ length: end - from }, (_, at) => from + at)
  const codes = Array.from({ length: 256 }, (_, code) => code)
  const wrong = places.flatMap((at) =>
    codes
      .filter((code) => isMatched(at, code) !== plain(code))
      .map((code) => `${String(code)} at ${String(at - from)}`),
  )
  expect(wrong.slice(0, 5)).toEqual([])
})

test('a template with a number of 16 digits matches none: two texts may be one double there', () => {
  const { record } = decisionEntry(1, Date.UTC(2026, 10, 5), 'permit')
  const long = record.replace(/"deadline":\d+/, '"deadline":9007199254740991')
  const templates = new RecordTemplates()
  templates.learn('intent', long, factsOf('intent', long)!)
  const bytes = Buffer.from(long.replace('740991', '740993'))
  expect(templates.match('intent', bytes, 0, bytes.length)).toBeUndefined()
})

describe('the bytes of an entry', () => {
  const entryOf = (record: string, leaf: string): Buffer => {
    const bytes = Buffer.from(`..${record}..\0${leaf}`, 'latin1')
    bytes.writeUInt16BE(record.length, 0)
    bytes.writeUInt16BE(leaf.length, 2 + record.length)
    return bytes
  }
  const record = '{"at":1,"v":1}'

  test('are read as the leaf of every kind, with and without a commitment', () => {
    for (const kind of KINDS.values()) {
      for (const row of [undefined, digest('p')]) {
        const leaf = leafText(kind, digestOf(record), row)
        for (const carried of [record, '']) {
          const bytes = entryOf(carried, leaf)
          const entry = checkEntry(bytes, 0, bytes.length) as CheckedEntry
          expect(entry).toMatchObject({ kind, hash: leafHashOf(leaf), hasRecord: carried !== '' })
          expect([undefined, digest('p'), digest('q')].map((its) => isPublic(entry, its))).toEqual([
            row === undefined,
            row !== undefined,
            false,
          ])
        }
      }
    }
  })

  test('with any byte of the leaf changed are a fault, or another commitment', () => {
    const row = digest('p')
    for (const kind of ['intent', 'seal'] as const) {
      const whole = entryOf(record, leafText(kind, digestOf(record), row))
      for (let at = 2 + record.length + 3; at < whole.length; at += 1) {
        const bytes = Buffer.from(whole)
        bytes[at] = (bytes[at] ?? 0) ^ 1
        const entry = checkEntry(bytes, 0, bytes.length)
        expect('fault' in entry || !isPublic(entry, row)).toBe(true)
      }
    }
  })
})

test('a record without the members of its kind has no facts', () => {
  expect(factsOf('intent', '{"effect":"permit"}')).toBeUndefined()
  expect(factsOf('intent', decisionEntry(1, 5, 'deny').record)).toBeUndefined()
  expect(factsOf('outcome', decisionEntry(1, 5, 'deny').record)).toBeUndefined()
  expect(factsOf('seal', '{"at":"soon"}')).toBeUndefined()
})
