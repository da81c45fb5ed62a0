// Over real TLS, as the listener does it: the handshake completes for everybody (rejectUnauthorized: false).
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { CertsFolder } from '../../adapters/certs-folder/certs-folder.ts'
import { watchRevocationList } from '../../adapters/certs-folder/watch-revocation-list.ts'
import { createAuthority, LOCAL_HOSTS } from '../../certs/authority.ts'
import { identityOf } from '../../certs/identity.ts'
import { generateKey } from '../../certs/keys.ts'
import { GatewayId, Instant, SubsystemId } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'
import type { Pki } from '../harness/pki.ts'
import { oddFiles } from './odd-certificate.ts'
import { connected, dial, serve } from './tls-peers.ts'
import type { Client, Server } from './tls-peers.ts'

const income = SubsystemId.parse('TW/GOV/MOF/income')
const URI = 'urn:gongdao:subsystem:TW/GOV/MOF/income'
const DAY = 86_400_000
const now = (): Instant => Instant.ofMilliseconds(Date.now())
const later = (milliseconds: number): Instant => Instant.ofMilliseconds(Date.now() + milliseconds)

let pki: Pki
let server: Server
const open: { close: () => void }[] = []
const folder = mkdtempSync(join(tmpdir(), 'gongdao-tls-'))

beforeAll(async () => {
  pki = await makePki()
  server = await serve(pki.gatewayTls(), pki.trust, () => pki.revocations)
})
afterEach(() => {
  for (const client of open.splice(0)) client.close()
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

async function client(options: ConnectionOptions, port = server.port): Promise<Client> {
  const made = await dial(port, { ca: [...pki.trust.pem], ...options })
  open.push(made)
  return made
}

describe('who the listener sees', () => {
  test.each(['ec', 'rsa'] as const)('a subsystem with an %s key is known', async (key) => {
    const told = await (await client(await pki.issueSubsystem(income, { key }))).ask()
    expect(told).toMatchObject({
      finding: { kind: 'identified', peer: { subsystem: income } },
      standing: 'good',
    })
  })

  test('somebody without a certificate is told so, over a completed handshake', async () => {
    const told = await (await client({})).ask()
    expect(told.finding).toEqual({ kind: 'refused', code: 'Client.Identity.CertificateMissing' })
  })

  test('expired and not yet valid are told apart', async () => {
    const old = await pki.issueSubsystem(income, {
      notBefore: later(-2 * DAY),
      notAfter: later(-DAY),
    })
    expect((await (await client(old)).ask()).standing).toBe('Client.Identity.CertificateExpired')
    const early = await pki.issueSubsystem(income, {
      notBefore: later(DAY),
      notAfter: later(2 * DAY),
    })
    expect((await (await client(early)).ask()).standing).toBe(
      'Client.Identity.CertificateNotYetValid',
    )
  })

  test('strangers are refused with one code: another CA, self-signed, forged in our CA’s name', async () => {
    const other = await makePki()
    const self = await createAuthority('示範', now(), randomBytes)
    const forger = { certificate: pki.authority.issuing.certificate, key: generateKey('ec') }
    const forged = await oddFiles(forger, { names: [[6, URI]] })
    const strangers = [
      await other.issueSubsystem(income),
      { cert: self.root.certificate, key: self.root.key },
      { cert: forged.certificate, key: forged.key },
    ]
    for (const { cert, key } of strangers) {
      const told = await (await client({ cert, key })).ask()
      expect(told.finding).toEqual({
        kind: 'refused',
        code: 'Client.Identity.CertificateUntrusted',
      })
    }
  })

  test('ours that name no subsystem are refused with another', async () => {
    const { root, issuing } = pki.authority
    const gateway = await pki.issueGateway(GatewayId.parse('TW/GOV/GONGDAO/gateway-2'))
    const lookAlike = await oddFiles(issuing, {
      names: [[6, 'urn:gongdao:subsystem:TW/GOV/MOF/%69ncome']],
    })
    const smuggler = await oddFiles(issuing, { names: [[2, `localhost, URI:${URI}`]] })
    const ours = [
      root,
      issuing,
      { certificate: gateway.cert, key: gateway.key },
      lookAlike,
      smuggler,
    ]
    for (const { certificate, key } of ours) {
      const told = await (await client({ cert: certificate, key })).ask()
      expect(told.finding).toEqual({
        kind: 'refused',
        code: 'Client.Identity.CertificateUnsuitable',
      })
    }
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a resumed session (%s)', (version) => {
  test('keeps the identity, and a revocation in between is seen', async () => {
    const files = await pki.issueSubsystem(income)
    const only = { ...files, minVersion: version, maxVersion: version }
    const first = await client(only)
    const before = await first.ask()
    expect(before).toMatchObject({ resumed: false, standing: 'good' })
    const session = first.session()
    if (session === undefined) throw new Error('no session was given')
    first.close()
    await pki.revoke(files.cert)
    // The second connection brings no certificate at all: what is known of it comes from the session.
    const second = await client({ session, minVersion: version, maxVersion: version })
    expect(await second.ask()).toEqual({
      finding: before.finding,
      resumed: true,
      standing: 'Client.Identity.CertificateRevoked',
    })
  })
})

test('a revocation by the registrar acts on the next request over the same connection, without restart', async () => {
  const certs = await CertsFolder.init(
    folder,
    { organization: '示範', now: now(), listDays: 7 },
    randomBytes,
  )
  const order = {
    identity: identityOf('subsystem', income),
    organization: '財政部',
    hosts: LOCAL_HOSTS,
    notBefore: later(-60_000),
    notAfter: later(DAY),
  }
  const taxed = await certs.issue(order, { key: 'ec', now: now() })
  const gateway = await certs.issue(
    { ...order, identity: identityOf('gateway', 'TW/GOV/GONGDAO/gateway-1') },
    { key: 'ec', now: now() },
  )
  const faults: string[] = []
  const current = watchRevocationList(certs.layout.revocationList, certs.trust, {
    graceMs: 0,
    report: (fault) => faults.push(fault),
  })
  const tls = {
    ...read(gateway.files),
    requestCert: true,
    rejectUnauthorized: false,
    ca: [...certs.trust.pem],
  }
  const listener = await serve(tls, certs.trust, current)
  try {
    const kept = await client({ ...read(taxed.files), ca: [...certs.trust.pem] }, listener.port)
    expect((await kept.ask()).standing).toBe('good')
    expect((await kept.ask()).standing).toBe('good')
    await certs.revoke(taxed.serial, { reason: 'keyCompromise', now: now(), listDays: 7 })
    expect((await kept.ask()).standing).toBe('Client.Identity.CertificateRevoked')
    expect(faults).toEqual([])
  } finally {
    await listener.close()
  }
})

test('connections are told apart: one peer’s refusal is not another’s', async () => {
  const good = await pki.issueSubsystem(income)
  const told = await Promise.all([
    connected(server.port, { ...good }),
    connected(server.port, { ca: good.ca }),
  ])
  expect(told.map(({ finding }) => finding.kind)).toEqual(['identified', 'refused'])
})

function read(files: { certificate: string; key?: string }): { cert: Buffer; key: Buffer } {
  if (files.key === undefined) throw new Error('the key was not made here')
  return { cert: readFileSync(files.certificate), key: readFileSync(files.key) }
}
