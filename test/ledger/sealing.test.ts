import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createCipheriv, createHmac } from 'node:crypto'
import { pseudonym, seal, unseal } from '../../gateway/ledger/sealing.ts'
import { ExchangeId, MemberId } from '../../policies/vocabulary.ts'

const KEY = Buffer.alloc(32, 7)
const EXCHANGE = ExchangeId.parse('0190f0c0-0000-7000-8000-000000000001')
const SCOPE = {
  consumer: MemberId.parse('TW/GOV/379000000A'),
  provider: MemberId.parse('TW/GOV/A21030000I'),
  year: 2026,
}
const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 })
const anyExchange = fc.uuid().map((uuid) => ExchangeId.parse(uuid))
const anyDetails = fc.uint8Array({ maxLength: 300 })

test('the bytes of pseudonyms and sealed details are for ever the same', () => {
  expect(pseudonym(KEY, SCOPE)).toBe('xvvnUohAyb5BLNcZJZxHlp2v1TLB6S6Wkk2Lrx0L58Y')
  expect(seal(KEY, EXCHANGE, Buffer.from('{"case":"DEMO-0001"}'))).toBe(
    'H4br4mT3FujOtnMcLdIb1YArMkgeh9zf4OPQYhb0MWB06J2S0y1g8o-KjsfAAFsWBJa-sRAf-xWMkUI3iaf7cgNVfTE',
  )
})

test('what is sealed is opened with the same key and exchange', () => {
  fc.assert(
    fc.property(anyKey, anyExchange, anyDetails, (key, exchange, details) => {
      const opened = unseal(key, exchange, seal(key, exchange, details))
      expect(opened).toEqual({ kind: 'opened', details: Buffer.from(details) })
    }),
  )
})

test('another key or another exchange is noticed before anything is decrypted', () => {
  fc.assert(
    fc.property(anyKey, anyExchange, anyKey, anyExchange, (key, exchange, key2, exchange2) => {
      fc.pre(!Buffer.from(key).equals(key2) && exchange !== exchange2)
      const sealed = seal(key, exchange, Buffer.from('details'))
      expect(unseal(key2, exchange, sealed)).toEqual({ kind: 'broken', part: 'commitment' })
      expect(unseal(key, exchange2, sealed)).toEqual({ kind: 'broken', part: 'commitment' })
    }),
  )
})

test('no bit of sealed details can be changed, and nothing can be cut off or added', () => {
  const sealed = Buffer.from(seal(KEY, EXCHANGE, Buffer.from('details')), 'base64url')
  const broken = { kind: 'broken' }
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    expect(unseal(KEY, EXCHANGE, changed.toString('base64url'))).toMatchObject(broken)
  }
  for (let length = 0; length < sealed.length; length += 1) {
    const cut = sealed.subarray(0, length).toString('base64url')
    expect(unseal(KEY, EXCHANGE, cut)).toMatchObject(broken)
  }
  const longer = Buffer.concat([sealed, Buffer.alloc(1)]).toString('base64url')
  expect(unseal(KEY, EXCHANGE, longer)).toMatchObject(broken)
})

test('sealed details have one spelling', () => {
  const sealed = seal(KEY, EXCHANGE, Buffer.from('four'))
  for (const other of [`${sealed}=`, ` ${sealed}`, `${sealed}\n`, sealed.replace(/.$/, '!'), 'é']) {
    expect(unseal(KEY, EXCHANGE, other)).toEqual({ kind: 'broken', part: 'form' })
  }
})

test('a ciphertext whose tag is right under a second key is refused because of its commitment', () => {
  // Whoever has the second key can make a ciphertext with a valid tag; the record's commitment stands against it.
  const second = Buffer.alloc(32, 8)
  const dek = createHmac('sha256', second).update('seal/1').update(EXCHANGE).digest()
  const cipher = createCipheriv('aes-256-gcm', dek, Buffer.alloc(12))
  cipher.setAAD(Buffer.from(EXCHANGE))
  const forged = Buffer.concat([cipher.update('another story'), cipher.final()])
  const commitment = Buffer.from(seal(KEY, EXCHANGE, Buffer.from('x')), 'base64url').subarray(0, 32)
  const sealed = Buffer.concat([commitment, forged, cipher.getAuthTag()]).toString('base64url')
  expect(unseal(second, EXCHANGE, sealed)).toEqual({ kind: 'broken', part: 'commitment' })
  expect(unseal(KEY, EXCHANGE, sealed)).toEqual({ kind: 'broken', part: 'tag' })
})

test('pseudonyms differ as soon as person, consumer, provider or year differ', () => {
  const person = fc.record({
    key: fc.constantFrom(Buffer.alloc(32, 1), Buffer.alloc(32, 2)),
    consumer: fc.constantFrom('TW/GOV/A', 'TW/GOV/B').map((id) => MemberId.parse(id)),
    provider: fc.constantFrom('TW/GOV/A', 'TW/GOV/B').map((id) => MemberId.parse(id)),
    year: fc.constantFrom(2026, 2027),
  })
  fc.assert(
    fc.property(person, person, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other)
      expect(pseudonym(one.key, one) === pseudonym(other.key, other)).toBe(same)
    }),
  )
})
