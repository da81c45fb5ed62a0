import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import {
  documentCrypto,
  signAgreement,
  signingKeyOf,
} from '../../gateway/registry/agreement-signatures.ts'
import { signTemplates } from '../policies/sign-templates.ts'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { MemberId } from '../../policies/vocabulary.ts'

const MOF = MemberId.parse('TW/GOV/MOF')
const AGREEMENT = { version: 1, id: 'AG-1', title: { zh: '協議', en: 'agreement' } }
const TEXT = canonicalJson(AGREEMENT)

const KEYS: Record<string, KeyObject> = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  Ed25519: generateKeyPairSync('ed25519').privateKey,
}

describe.each(Object.entries(KEYS))('%s', (algorithm, privateKey) => {
  const signature = signAgreement(AGREEMENT, MOF, privateKey)
  const key = signingKeyOf(privateKey)

  test('what was signed is verified with the key of the member document', () => {
    expect(signature).toMatchObject({ member: MOF, algorithm, key: key.key })
    expect(documentCrypto.keyDigest(key.spki)).toBe(key.key)
    expect(documentCrypto.verifies(TEXT, signature, key)).toBe(true)
  })

  test('another text, another key, another value or another algorithm is not', () => {
    const other = signingKeyOf(KEYS[algorithm === 'ES256' ? 'Ed25519' : 'ES256']!)
    const verifies = documentCrypto.verifies
    expect(verifies(`${TEXT} `, signature, key)).toBe(false)
    expect(verifies(TEXT, signature, other)).toBe(false)
    expect(verifies(TEXT, { ...signature, value: 'A'.repeat(86) }, key)).toBe(false)
    expect(
      verifies(TEXT, { ...signature, algorithm: algorithm === 'RS256' ? 'ES256' : 'RS256' }, key),
    ).toBe(false)
  })

  test('only one spelling of a signature counts', () => {
    const { value } = signature
    for (const spelling of [`${value}=`, `${value} `, value.replace(/^./, '$&\n')]) {
      expect(documentCrypto.verifies(TEXT, { ...signature, value: spelling }, key)).toBe(false)
    }
  })
})

test('an ECDSA signature in DER is not one: two spellings would be two documents', () => {
  const key = KEYS['ES256']!
  const value = sign('sha256', Buffer.from(TEXT), key).toString('base64url')
  const signature = { ...signAgreement(AGREEMENT, MOF, key), value }
  expect(documentCrypto.verifies(TEXT, signature, signingKeyOf(key))).toBe(false)
})

test.each<[string, KeyObject]>([
  ['RSA of 1024 bits', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey],
  ['ECDSA on another curve', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey],
  ['a key for agreement', generateKeyPairSync('x25519').privateKey],
])('%s may not sign', (_what, privateKey) => {
  expect(() => signAgreement(AGREEMENT, MOF, privateKey)).toThrow(TypeError)
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  expect(documentCrypto.keyDigest(spki.toString('base64'))).toBeUndefined()
})

test('what is no key at all is no key', () => {
  expect(documentCrypto.keyDigest('AAAA')).toBeUndefined()
  expect(documentCrypto.keyDigest('')).toBeUndefined()
})

test('templates are filled in: controllers get their keys, agreements both signatures, the rest stays', () => {
  const files = [
    { path: 'members/a.json', text: '{"id":"TW/GOV/MOF","kind":"controller","signingKeys":[]}' },
    { path: 'members/b.json', text: '{"id":"TW/GOV/P","kind":"processor","signingKeys":[]}' },
    {
      path: 'agreements/a.json',
      text: '{"agreement":{"consumerController":"TW/GOV/MOF","providerController":"TW/GOV/MOF"}}',
    },
  ]
  const [a, b, agreement] = signTemplates(files, () => KEYS['ES256']!)
  expect(JSON.parse(a?.text ?? '')).toMatchObject({ signingKeys: [signingKeyOf(KEYS['ES256']!)] })
  expect(JSON.parse(b?.text ?? '')).toMatchObject({ signingKeys: [] })
  expect(JSON.parse(agreement?.text ?? '')).toMatchObject({ signatures: [{ member: MOF }] })
  expect(() =>
    signTemplates([{ path: 'members/x.json', text: '[' }], () => KEYS['ES256']!),
  ).toThrow(TypeError)
})
