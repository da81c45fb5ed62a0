import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json } from '../../policies/canonical-json.ts'
import { readJson } from '../../policies/documents/json-text.ts'
import { readDocuments } from '../../policies/documents/read-documents.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { signedFiles } from './world.ts'

const value = fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }) as fc.Arbitrary<Json>

test('what JSON.stringify writes is read as JSON.parse reads it, however it is laid out', () => {
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2, '\t'), (drawn, space) => {
      const text = JSON.stringify(drawn, undefined, space)
      expect(readJson(text)).toEqual({ kind: 'read', value: JSON.parse(text) as unknown })
      expect(readJson(canonicalJson(drawn))).toMatchObject({ kind: 'read' })
    }),
  )
})

test('a text that JSON.parse refuses is refused, and one that it takes is read or repeats a name', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-',
    '0',
    '.5',
    'e1',
    'true',
    'nul',
    'l',
    ' ',
    '\n',
    '"',
    '\\u0041',
  ]
  const text = fc
    .array(fc.constantFrom(...pieces), { maxLength: 12 })
    .map((drawn) => drawn.join(''))
  fc.assert(
    fc.property(text, (drawn) => {
      let parsed: { value: unknown } | undefined
      try {
        parsed = { value: JSON.parse(drawn) as unknown }
      } catch {
        parsed = undefined
      }
      const read = readJson(drawn)
      if (parsed === undefined) expect(['malformed']).toContain(read.kind)
      else if (read.kind === 'read') expect(read.value).toEqual(parsed.value)
      else expect(read.kind).toBe('repeated')
    }),
    { numRuns: 5000 },
  )
})

test('a member called __proto__ is a member, not a prototype', () => {
  const read = readJson('{"__proto__":{"x":1}}')
  expect(read.kind === 'read' && Object.keys(read.value as object)).toEqual(['__proto__'])
  expect(Object.getPrototypeOf(read.kind === 'read' ? read.value : undefined)).toBe(
    Object.prototype,
  )
})

test('whatever stands anywhere in a document, it is read or refused, never a fault of ours', () => {
  const JUNK: readonly Json[] = [
    null,
    true,
    0,
    -1.5,
    1e300,
    '',
    'x',
    '031',
    [],
    [null],
    {},
    { a: 1 },
    { __proto__: 1 },
  ]
  const file = fc.constantFrom(...signedFiles.filter(({ text }) => text.length < 9000))
  let refused = 0
  fc.assert(
    fc.property(
      file,
      fc.nat(),
      fc.constantFrom(...JUNK, undefined),
      ({ path, text }, place, junk) => {
        const document = JSON.parse(text) as Json
        const places = placesIn(document)
        const [holder, name] = places[place % places.length]!
        if (junk === undefined) Reflect.deleteProperty(holder, name)
        else Reflect.set(holder, name, junk)
        const files = signedFiles.map((one) =>
          one.path === path ? { path, text: JSON.stringify(document) } : one,
        )
        const read = readDocuments(files, documentCrypto)
        refused += read.kind === 'faulty' ? 1 : 0
        if (read.kind === 'faulty') {
          for (const fault of read.faults) expect(fault.expected).not.toBe('')
        }
      },
    ),
    { numRuns: 100 },
  )
  expect(refused).toBeGreaterThan(60)
})

function placesIn(json: unknown): readonly (readonly [holder: object, name: string])[] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([name, member]: [string, unknown]) => [
    [json, name] as const,
    ...placesIn(member),
  ])
}
