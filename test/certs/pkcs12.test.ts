import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bundle } from '../../certs/pkcs12.ts'
import { SubsystemId } from '../../policies/vocabulary.ts'
import { connected, serve } from './tls-peers.ts'
import { makePki } from '../harness/pki.ts'
import type { Pki, TlsFiles } from '../harness/pki.ts'
import { HAS_OPENSSL, openssl } from './openssl.ts'

const PASSWORD = 'correct horse battery'
const folder = mkdtempSync(join(tmpdir(), 'gongdao-p12-'))
afterAll(() => rmSync(folder, { recursive: true }))

let pki: Pki
beforeAll(async () => {
  pki = await makePki()
})

async function files(key: 'ec' | 'rsa'): Promise<TlsFiles> {
  const id = SubsystemId.parse('TW/GOV/MOF/income')
  return pki.issueSubsystem(id, { key, organization: '財政部財政資訊中心' })
}

function bundled({ cert, key }: TlsFiles, password = PASSWORD): Buffer {
  const chain = [pki.trust.pem[1], pki.trust.pem[0]]
  return bundle(
    { leaf: { certificate: cert, key }, chain, friendlyName: '財政部 income', password },
    randomBytes,
  )
}

describe.each(['ec', 'rsa'] as const)('a bundle with an %s key', (kind) => {
  test('opens a TLS connection in Node, and is known by the certificate in it', async () => {
    const own = await files(kind)
    const server = await serve(pki.gatewayTls(), pki.trust)
    try {
      const reply = await connected(server.port, {
        pfx: bundled(own),
        passphrase: PASSWORD,
        ca: own.ca,
      })
      expect(reply).toMatchObject({
        finding: { kind: 'identified', peer: { subsystem: 'TW/GOV/MOF/income' } },
      })
    } finally {
      await server.close()
    }
  })

  test('is closed to any other password', async () => {
    const pfx = bundled(await files(kind))
    expect(() => createSecureContext({ pfx, passphrase: 'wrong horse battery' })).toThrow()
  })

  // Not skipped where there is no openssl, but not there: Node above has read the same bytes.
  if (HAS_OPENSSL) {
    test('is read by openssl: key, chain, Chinese names', async () => {
      const own = await files(kind)
      const path = join(folder, `${kind}.p12`)
      writeFileSync(path, bundled(own))
      const told = openssl('pkcs12', '-in', path, '-passin', `pass:${PASSWORD}`, '-nodes', '-info')
      // openssl shows a half of each Chinese character; the bundle has them whole (BMPString, UTF-16BE).
      expect(told).toMatch(/friendlyName: .+ income/)
      expect(bundled(own).includes(Buffer.from('財政部 income', 'utf16le').swap16())).toBe(true)
      expect(
        new X509Certificate(
          /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(told)?.[0] ?? '',
        ).subject,
      ).toContain('O=財政部財政資訊中心')
      expect(told).toContain('PBES2, PBKDF2, AES-256-CBC')
      expect(told.match(/BEGIN CERTIFICATE/g)).toHaveLength(3)
      const key = /-----BEGIN PRIVATE KEY-----[^]+-----END PRIVATE KEY-----/.exec(told)?.[0] ?? ''
      expect(new X509Certificate(own.cert).checkPrivateKey(createPrivateKey(key))).toBe(true)
    })
  }
})

test.each(['', 'short', '密碼密碼密碼密碼', 'tab\tinside-it'])(
  'the password %j is refused: readers differ',
  async (password) => {
    const own = await files('ec')
    expect(() => bundled(own, password)).toThrow(RangeError)
  },
)
