import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { certificateFields } from '../../certs/certificate-fields.ts'
import { childrenOf, integerOf, oidOf, readDer, timeOf } from '../../certs/der.ts'
import { Instant, Malformed, SubsystemId } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'
import { X509Certificate } from 'node:crypto'
import { tlv } from './odd-certificate.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('one value has one encoding', () => {
  test.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['an indefinite length', '30 80 00 00'],
    ['a length in more octets than it needs', '04 81 01 00'],
    ['a length with leading zeros', '04 82 00 80'],
    ['a length beyond the end', '04 02 00'],
    ['a length of five octets', '04 85 00 00 00 00 01 00'],
    ['something after the value', '05 00 00'],
    ['a tag of several octets', '1f 81 00 00'],
  ])('%s is refused', (_, text) => {
    expect(() => readDer(hex(text))).toThrow(Malformed)
  })

  test.each(['02 01 80', '02 02 00 7f', '02 00', '04 01 01'])('%s is no serial number', (text) => {
    expect(() => integerOf(readDer(hex(text)))).toThrow(Malformed)
  })

  test('serial numbers are compared without leading zeros', () => {
    expect(integerOf(readDer(hex('02 02 00 80')))).toBe('80')
    expect(integerOf(readDer(hex('02 01 0a')))).toBe('a')
    expect(integerOf(readDer(hex('02 01 00')))).toBe('0')
  })

  test('object identifiers are read as they are written', () => {
    expect(oidOf(readDer(hex('06 08 2b 06 01 05 05 07 03 02')))).toBe('1.3.6.1.5.5.7.3.2')
    expect(oidOf(readDer(hex('06 03 55 1d 11')))).toBe('2.5.29.17')
    expect(() => oidOf(readDer(hex('06 02 55 9d')))).toThrow(Malformed)
    expect(() => oidOf(readDer(hex('06 00')))).toThrow(Malformed)
  })

  test('years of two digits are those of RFC 5280', () => {
    const time = (text: string): Instant => timeOf(readDer(tlv(0x17, Buffer.from(text))))
    expect(time('261122030405Z')).toBe(Instant.parse('2026-11-22T03:04:05Z'))
    expect(time('491231235959Z')).toBe(Instant.parse('2049-12-31T23:59:59Z'))
    expect(time('500101000000Z')).toBe(Instant.parse('1950-01-01T00:00:00Z'))
    expect(() => time('2611220304Z')).toThrow(Malformed)
    expect(() => time('261122030405+0800')).toThrow(Malformed)
    expect(timeOf(readDer(tlv(0x18, Buffer.from('20500101000000Z'))))).toBe(
      Instant.parse('2050-01-01T00:00:00Z'),
    )
  })
})

test('children together are the whole content', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (contents) => {
      const parts = contents.map((content) => tlv(0x04, content))
      const read = childrenOf(readDer(tlv(0x30, Buffer.concat(parts))))
      expect(read.map((child) => child.whole)).toEqual(parts)
    }),
  )
})

test('any bytes are a certificate or malformed, never another fault', async () => {
  const pki = await makePki()
  const { cert } = await pki.issueSubsystem(SubsystemId.parse('TW/GOV/MOF/income'))
  const { raw } = new X509Certificate(cert)
  const damaged = fc.tuple(fc.nat(raw.length - 1), fc.nat(255)).map(([at, octet]) => {
    const copy = Buffer.from(raw)
    copy[at] = octet
    return copy
  })
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      try {
        expect(certificateFields(bytes).serial).toMatch(/^[0-9a-f]+$/)
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed)
      }
    }),
    { numRuns: 3000 },
  )
})
