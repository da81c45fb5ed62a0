// The requests in golden/ were made by OpenSSL 3.0 (`openssl req -new`), as a department would make them; their private
// keys were never kept.
import { randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import forge from 'node-forge'
import { LOCAL_HOSTS } from '../../certs/authority.ts'
import { certificateFields, CLIENT_AUTH, SERVER_AUTH } from '../../certs/certificate-fields.ts'
import { readRequest, RequestRefused, signCsr } from '../../certs/enrolment.ts'
import { identityOf } from '../../certs/identity.ts'
import { identifyPeer } from '../../certs/peer-identity.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'
import type { Pki } from '../harness/pki.ts'

const household = identityOf('subsystem', 'TW/GOV/MOI/household')
const URI = 'urn:gongdao:subsystem:TW/GOV/MOI/household'
const golden = (name: string): string =>
  readFileSync(join(import.meta.dirname, 'golden', `${name}.csr`), 'utf8')

let pki: Pki
beforeAll(async () => {
  pki = await makePki()
})

function order(identity = household): Parameters<typeof signCsr>[2] {
  const now = Date.now()
  return {
    identity,
    organization: '內政部戶政司',
    hosts: LOCAL_HOSTS,
    notBefore: Instant.ofMilliseconds(now - 60_000),
    notAfter: Instant.ofMilliseconds(now + 86_400_000),
  }
}

async function sign(csr: string, identity = household): Promise<X509Certificate> {
  return new X509Certificate(
    await signCsr(pki.authority.issuing, csr, order(identity), randomBytes),
  )
}

async function faultOf(csr: string, identity = household): Promise<unknown> {
  const error: unknown = await sign(csr, identity).catch((reason: unknown) => reason)
  return error instanceof RequestRefused ? error.fault : error
}

describe('a request made elsewhere becomes a certificate', () => {
  test.each(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072'])('%s, by OpenSSL', async (name) => {
    const certificate = await sign(golden(name))
    expect(certificate.publicKey.equals(readRequest(golden(name)).publicKey)).toBe(true)
    expect(identifyPeer(certificate, pki.trust)).toMatchObject({
      kind: 'identified',
      peer: { subsystem: household.id },
    })
    expect(certificate.subject).toContain('O=內政部戶政司')
  })

  test('RSA, by node-forge, with a Chinese subject', async () => {
    const keys = forge.pki.rsa.generateKeyPair({ bits: 2048 })
    const request = forge.pki.createCertificationRequest()
    request.publicKey = keys.publicKey
    const valueTagClass = forge.asn1.Type.UTF8 as unknown as forge.asn1.Class
    request.setSubject([{ name: 'organizationName', value: '內政部', valueTagClass }])
    const extensions = [{ name: 'subjectAltName', altNames: [{ type: 6, value: URI }] }]
    request.setAttributes([{ name: 'extensionRequest', extensions }])
    request.sign(keys.privateKey, forge.md.sha256.create())
    const pem = forge.pki.certificationRequestToPem(request)
    expect(identifyPeer(await sign(pem), pki.trust)).toMatchObject({ kind: 'identified' })
  })

  test('nothing that it asks for beside its name is granted', async () => {
    const certificate = await sign(golden('greedy'))
    const fields = certificateFields(certificate.raw)
    expect(fields).toMatchObject({ ca: false, maySign: true, uris: [URI] })
    expect(fields.extendedKeyUsage).toEqual([CLIENT_AUTH, SERVER_AUTH])
    expect(certificate.subjectAltName).toBe(`URI:${URI}, DNS:localhost, IP Address:127.0.0.1`)
  })
})

describe('a request is refused', () => {
  test.each([
    ['rsa-1024', 'weak-key'],
    ['rsa-2048-exponent-3', 'weak-key'],
    ['rsa-pss-key', 'weak-key'],
    ['ec-p521', 'weak-key'],
    ['ec-secp256k1', 'weak-key'],
    ['ec-explicit', 'weak-key'],
    ['ed25519', 'weak-key'],
    ['rsa-2048-sha1', 'weak-signature'],
    ['ec-p256-sha1', 'weak-signature'],
    ['rsa-pss-signature', 'weak-signature'],
    ['no-san', 'wrong-identity'],
    ['no-uri', 'wrong-identity'],
    ['two-uris', 'wrong-identity'],
    ['uri-inside-dns', 'wrong-identity'],
  ])('%s: %s', async (name, fault) => {
    expect(await faultOf(golden(name))).toBe(fault)
  })

  test.each(['TW/GOV/MOI/Household', 'TW/GOV/MOF/income'])(
    'when the registrar named %s',
    async (id) => {
      expect(await faultOf(golden('ec-p256'), identityOf('subsystem', id))).toBe('wrong-identity')
    },
  )

  test('when it is for another kind of identity', async () => {
    expect(await faultOf(golden('ec-p256'), identityOf('gateway', 'TW/GOV/MOI/household'))).toBe(
      'wrong-identity',
    )
  })

  test.each(['ec-p256', 'rsa-2048'])('when its sender does not hold the key (%s)', async (name) => {
    const der = derOf(golden(name))
    const other = derOf(golden(name === 'ec-p256' ? 'greedy' : 'rsa-3072'))
    // The name that is asked for is changed after signing.
    const changed = Buffer.from(der)
    changed.write('TW/GOV/MOF/household', changed.indexOf('TW/GOV/MOI/household'), 'latin1')
    expect(await faultOf(pem(changed), identityOf('subsystem', 'TW/GOV/MOF/household'))).toBe(
      'unproven',
    )
    // The signature is cut to nothing.
    expect(other.equals(der)).toBe(false)
    const lastOctet = Buffer.from(der)
    lastOctet[der.length - 1] = (lastOctet[der.length - 1] ?? 0) ^ 1
    expect(await faultOf(pem(lastOctet))).toBe('unproven')
  })

  test.each([
    ['an empty file', ''],
    ['a certificate', 'certificate'],
    ['text before the PEM', `x\n${golden('ec-p256')}`],
    ['two requests', golden('ec-p256') + golden('ec-p384')],
    ['bytes that are no request', pem(Buffer.from('3003020100', 'hex'))],
  ])('when it is %s', async (_, text) => {
    const csr = text === 'certificate' ? pki.trust.pem[1] : text
    expect(await faultOf(csr)).toBe('malformed')
  })
})

function derOf(text: string): Buffer {
  return Buffer.from(text.replace(/-----[A-Z ]+-----/g, ''), 'base64')
}

function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
}
