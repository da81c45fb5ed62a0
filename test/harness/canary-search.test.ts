/** A search that finds nothing would make every test of a canary green. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { standsInBase64 } from './canary-search.ts'

/** As PEM has it, and as JSON has that. */
const SPELLED = [
  (text: string): string => text,
  (text: string): string => text.replace(/.{64}/g, '$&\n'),
  (text: string): string => JSON.stringify(text.replace(/.{64}/g, '$&\n')),
]

function found(bytes: Buffer, value: string, spell: (text: string) => string): boolean {
  const content = Buffer.from(spell(bytes.toString('base64')))
  return [0, 1, 2].some((shift) => standsInBase64(content, value, shift))
}

test('a value is found wherever it stands in base64', () => {
  const bytes = fc.uint8Array({ maxLength: 12 })
  fc.assert(
    fc.property(bytes, bytes, fc.constantFrom('122218', '林小美', 'A123456789'), (a, b, value) => {
      const beside = (byte: number): number => (byte >= 0x30 && byte <= 0x39 ? 0 : byte)
      const all = [Buffer.from(a.map(beside)), Buffer.from(value), Buffer.from(b.map(beside))]
      for (const spell of SPELLED) expect(found(Buffer.concat(all), value, spell)).toBe(true)
    }),
  )
})

test('an amount is not found in the middle of a date', () => {
  for (let front = 0; front < 80; front += 1) {
    const bytes = Buffer.concat([Buffer.alloc(front, 'x'), Buffer.from('\x17\r261222181236Z0')])
    for (const spell of SPELLED) expect(found(bytes, '122218', spell)).toBe(false)
    for (const spell of SPELLED.slice(0, 1)) expect(found(bytes, '261222181236', spell)).toBe(true)
  }
})
