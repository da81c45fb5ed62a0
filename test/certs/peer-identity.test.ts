import { randomBytes, X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { certificateFields, CLIENT_AUTH, SERVER_AUTH } from '../../certs/certificate-fields.ts'
import { createAuthority } from '../../certs/authority.ts'
import { identityOf, identityUri, readIdentityUri } from '../../certs/identity.ts'
import { generateKey } from '../../certs/keys.ts'
import { findProvider, identifyPeer } from '../../certs/peer-identity.ts'
import { readTrust, TrustBroken } from '../../certs/trust.ts'
import { Extension, KeyUsageFlags } from '../../certs/x509.ts'
import { Instant, Malformed, MemberId, parsePart, SubsystemId } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'
import type { Pki } from '../harness/pki.ts'
import { oddCertificate, sanOf, tlv } from './odd-certificate.ts'
import type { Odd } from './odd-certificate.ts'

const income = SubsystemId.parse('TW/GOV/MOF/income')
const URI = 'urn:gongdao:subsystem:TW/GOV/MOF/income'
const uri = (text: string): readonly [number, string] => [6, text]
const UNSUITABLE = { kind: 'refused', code: 'Client.Identity.CertificateUnsuitable' }
const UNTRUSTED = { kind: 'refused', code: 'Client.Identity.CertificateUntrusted' }

let pki: Pki
beforeAll(async () => {
  pki = await makePki()
})

async function verdict(odd: Odd): Promise<unknown> {
  return identifyPeer(await oddCertificate(pki.authority.issuing, odd), pki.trust)
}

describe('a peer is known by the one URI in its certificate', () => {
  test.each(['ec', 'rsa'] as const)('whatever its key (%s)', async (key) => {
    const { cert } = await pki.issueSubsystem(income, { key, organization: '財政部財政資訊中心' })
    const certificate = new X509Certificate(cert)
    expect(certificate.subject).toContain('O=財政部財政資訊中心')
    expect(identifyPeer(certificate, pki.trust)).toMatchObject({
      kind: 'identified',
      peer: { subsystem: income, serial: certificate.serialNumber.toLowerCase() },
    })
  })

  test('the digest of the certificate, its serial number and its times are in the finding', async () => {
    const notAfter = Instant.parse('2026-12-31T00:00:00Z')
    const { cert } = await pki.issueSubsystem(income, { notAfter })
    const finding = identifyPeer(new X509Certificate(cert), pki.trust)
    const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '')
    if (finding.kind !== 'identified') throw new Error('refused')
    expect(finding.peer.notAfter).toBe(notAfter)
    expect(Buffer.from(finding.peer.certificate, 'base64url').toString('hex').toUpperCase()).toBe(
      fingerprint,
    )
  })

  test('no certificate is no identity', () => {
    expect(identifyPeer(undefined, pki.trust)).toEqual({
      kind: 'refused',
      code: 'Client.Identity.CertificateMissing',
    })
  })

  test('a certificate is not valid longer than the CA above it', async () => {
    const far = Instant.ofMilliseconds(Date.now() + 30 * 365 * 86_400_000)
    await expect(pki.issueSubsystem(income, { notAfter: far })).rejects.toThrow(RangeError)
    const certificate = new X509Certificate((await pki.issueSubsystem(income)).cert)
    const cut = { ...pki.trust, notAfter: Instant.parse('2026-11-23T00:00:00Z') }
    expect(identifyPeer(certificate, cut)).toMatchObject({ peer: { notAfter: cut.notAfter } })
  })
})

describe('only our CA says who somebody is', () => {
  test('a certificate of another CA of the same names is refused', async () => {
    const other = await makePki()
    const { cert } = await other.issueSubsystem(income)
    expect(identifyPeer(new X509Certificate(cert), pki.trust)).toEqual(UNTRUSTED)
  })

  test('one that names our CA and its key identifier, but is signed by somebody else, is refused', async () => {
    const forger = { certificate: pki.authority.issuing.certificate, key: generateKey('ec') }
    const forged = await oddCertificate(forger, { names: [uri(URI)] })
    expect(forged.checkIssued(pki.trust.issuing)).toBe(true)
    expect(identifyPeer(forged, pki.trust)).toEqual(UNTRUSTED)
  })

  test('a self-signed one is refused', async () => {
    const self = await createAuthority('示範', Instant.ofMilliseconds(Date.now()), randomBytes)
    expect(identifyPeer(new X509Certificate(self.root.certificate), pki.trust)).toEqual(UNTRUSTED)
  })

  test('a member can not issue for others below its own certificate', async () => {
    const parent = await oddCertificate(pki.authority.issuing, { names: [uri(URI)], ca: true })
    expect(identifyPeer(parent, pki.trust)).toEqual(UNSUITABLE)
    const member = await pki.issueSubsystem(income)
    const child = await oddCertificate(
      { certificate: member.cert, key: member.key },
      { names: [uri(URI)] },
    )
    expect(identifyPeer(child, pki.trust)).toEqual(UNTRUSTED)
  })

  test('the CA certificates themselves name no subsystem', () => {
    expect(identifyPeer(pki.trust.issuing, pki.trust)).toEqual(UNSUITABLE)
    expect(identifyPeer(pki.trust.root, pki.trust)).toEqual(UNSUITABLE)
  })

  test('a trust that is no chain is not taken up', async () => {
    const other = await makePki()
    const member = await pki.issueSubsystem(income)
    expect(() => readTrust(other.trust.pem[0], pki.trust.pem[1])).toThrow(TrustBroken)
    expect(() => readTrust(pki.trust.pem[1], pki.trust.pem[1])).toThrow(TrustBroken)
    expect(() => readTrust(pki.trust.pem[0], member.cert)).toThrow(TrustBroken)
    expect(() => readTrust('', '')).toThrow(TrustBroken)
  })
})

describe('what our CA signed by mistake is still not taken for a subsystem', () => {
  test('the usual extensions are accepted, so that each case below fails for its own reason', async () => {
    expect(await verdict({ names: [uri(URI), [2, 'localhost']] })).toMatchObject({
      kind: 'identified',
    })
  })

  test.each<[string, Odd]>([
    ['no subject alternative name', {}],
    ['a DNS name only', { names: [[2, 'income.mof.example']] }],
    ['an empty list of names', { names: [] }],
    ['the URI within the text of a DNS name', { names: [[2, `localhost, URI:${URI}`]] }],
    ['the URI as a DNS name', { names: [[2, URI]] }],
    ['the URI as an e-mail address', { names: [[1, URI]] }],
    ['two URIs', { names: [uri(URI), uri('urn:gongdao:subsystem:TW/GOV/NHI/enrolment')] }],
    ['the same URI twice', { names: [uri(URI), uri(URI)] }],
    ['a foreign URI beside ours', { names: [uri(URI), uri('https://example.org/')] }],
    ['a gateway’s URI', { names: [uri('urn:gongdao:gateway:TW/GOV/MOF/income')] }],
    ['a member’s URI', { names: [uri('urn:gongdao:member:TW/GOV/MOF')] }],
    ['capital letters in the prefix', { names: [uri('urn:gongdao:Subsystem:TW/GOV/MOF/income')] }],
    ['URN in capital letters', { names: [uri('URN:gongdao:subsystem:TW/GOV/MOF/income')] }],
    ['a needless percent-encoding', { names: [uri('urn:gongdao:subsystem:TW/GOV/%4DOF/income')] }],
    [
      'lower-case percent-encoding',
      { names: [uri('urn:gongdao:subsystem:TW/GOV/%e8%b2%a1/income')] },
    ],
    [
      'raw UTF-8 instead of percent-encoding',
      { names: [uri('urn:gongdao:subsystem:TW/GOV/財政部/income')] },
    ],
    ['too few parts', { names: [uri('urn:gongdao:subsystem:TW/GOV/MOF')] }],
    ['too many parts', { names: [uri(`${URI}/v1`)] }],
    ['an empty part', { names: [uri('urn:gongdao:subsystem:TW/GOV//income')] }],
    ['a dot segment', { names: [uri('urn:gongdao:subsystem:TW/GOV/../income')] }],
    ['an encoded slash', { names: [uri('urn:gongdao:subsystem:TW/GOV/MOF%2Fincome/x')] }],
    ['a NUL after the name', { names: [uri(`${URI}\0`)] }],
    ['a blank before it', { names: [uri(` ${URI}`)] }],
    ['an over-long part', { names: [uri(`urn:gongdao:subsystem:TW/GOV/MOF/${'x'.repeat(129)}`)] }],
    ['no extended key usage', { names: [uri(URI)], usages: [] }],
    ['a server’s usage only', { names: [uri(URI)], usages: [SERVER_AUTH] }],
    ['code signing', { names: [uri(URI)], usages: ['1.3.6.1.5.5.7.3.3'] }],
    ['any usage at all', { names: [uri(URI)], usages: ['2.5.29.37.0'] }],
    ['the rights of a CA', { names: [uri(URI)], ca: true }],
    ['a key that may not sign', { names: [uri(URI)], keyUsage: KeyUsageFlags.keyEncipherment }],
    [
      'a critical extension that nobody knows',
      { names: [uri(URI)], more: [new Extension('1.2.3.4', true, tlv(5, Buffer.alloc(0)))] },
    ],
    [
      'names that are not DER',
      {
        more: [
          new Extension(
            '2.5.29.17',
            false,
            Buffer.from('3080860161 0000'.replaceAll(' ', ''), 'hex'),
          ),
        ],
      },
    ],
    [
      'names with bytes after them',
      {
        more: [
          new Extension(
            '2.5.29.17',
            false,
            Buffer.concat([tlv(0x30, tlv(0x86, Buffer.from(URI))), Buffer.from([0])]),
          ),
        ],
      },
    ],
  ])('%s', async (_, odd) => {
    expect(await verdict(odd)).toEqual(UNSUITABLE)
  })

  test('two lists of names: OpenSSL takes it for a broken certificate, before we do', async () => {
    const odd = { names: [uri(URI)], more: [sanOf([uri(URI)])] }
    expect(await verdict(odd)).toEqual(UNTRUSTED)
    const { raw } = await oddCertificate(pki.authority.issuing, odd)
    expect(() => certificateFields(raw)).toThrow(Malformed)
  })

  test('a member’s signing certificate opens no connection', async () => {
    const { cert } = await pki.issueMember(MemberId.parse('TW/GOV/MOF'))
    expect(identifyPeer(new X509Certificate(cert), pki.trust)).toEqual(UNSUITABLE)
  })

  test('a look-alike is another subsystem, never the one it looks like', async () => {
    // U+0406, a Cyrillic letter that looks like a Latin I.
    const lookAlike = SubsystemId.of('TW', 'GOV', 'MOF', '\u0406ncome')
    const { cert } = await pki.issueSubsystem(lookAlike)
    const finding = identifyPeer(new X509Certificate(cert), pki.trust)
    expect(finding).toMatchObject({ kind: 'identified', peer: { subsystem: lookAlike } })
    expect(findProvider(new X509Certificate(cert), pki.trust, income)).toMatchObject({
      kind: 'refused',
    })
  })
})

describe('a provider holds the certificate of the subsystem that is registered', () => {
  test('its own is accepted', async () => {
    const { cert } = await pki.issueSubsystem(income)
    expect(findProvider(new X509Certificate(cert), pki.trust, income)).toMatchObject({
      kind: 'identified',
      peer: { subsystem: income },
    })
  })

  test('another member’s is not enough', async () => {
    const { cert } = await pki.issueSubsystem(SubsystemId.parse('TW/GOV/MOF/Income'))
    expect(findProvider(new X509Certificate(cert), pki.trust, income)).toEqual({
      kind: 'refused',
      code: 'Client.Identity.ClientMismatch',
    })
  })

  test('one for clients only is not a server’s', async () => {
    const certificate = await oddCertificate(pki.authority.issuing, {
      names: [uri(URI)],
      usages: [CLIENT_AUTH],
    })
    expect(identifyPeer(certificate, pki.trust)).toMatchObject({ kind: 'identified' })
    expect(findProvider(certificate, pki.trust, income)).toEqual(UNSUITABLE)
  })
})

describe('one identity has one spelling', () => {
  const part = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((text) => isPart(text))
  const parts = fc.tuple(part, part, part, part)

  test('what was written is what is read', () => {
    fc.assert(
      fc.property(parts, (names) => {
        const identity = { kind: 'subsystem', id: SubsystemId.of(...names) } as const
        expect(readIdentityUri(identityUri(identity))).toEqual(identity)
      }),
    )
  })

  test('any other text that is read at all is the one spelling of what it was read as', () => {
    const nearly = fc.oneof(
      fc.tuple(parts, fc.nat(), fc.string({ maxLength: 2 })).map(([names, at, text]) => {
        const good = identityUri(identityOf('subsystem', SubsystemId.of(...names)))
        const cut = at % good.length
        return good.slice(0, cut) + text + good.slice(cut + 1)
      }),
      fc.string(),
    )
    fc.assert(
      fc.property(nearly, (text) => {
        const identity = readIdentityUri(text)
        expect(identity === undefined || identityUri(identity) === text).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

test('whatever text stands in a DNS name, it never becomes an identity', async () => {
  const text = fc.oneof(
    fc.constant(`a, URI:${URI}`),
    fc.constant(`a", URI:"${URI}`),
    fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((noise) => `${noise}, URI:${URI}`),
  )
  await fc.assert(
    fc.asyncProperty(text, async (dns) => {
      expect(await verdict({ names: [[2, dns]] })).toEqual(UNSUITABLE)
    }),
    { numRuns: 40 },
  )
})

function isPart(text: string): boolean {
  try {
    return parsePart(text) === text
  } catch {
    return false
  }
}
