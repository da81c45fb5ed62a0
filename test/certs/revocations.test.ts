import { randomBytes, sign, X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Peer } from '../../certs/peer.ts'
import { pemOf } from '../../certs/pem.ts'
import { readRevocationList, RevocationListRefused } from '../../certs/revocation-list.ts'
import type { RevocationList } from '../../certs/revocation-list.ts'
import { REVOCATION_REASONS, signRevocationList } from '../../certs/revocation-list-signing.ts'
import type { RevocationListText } from '../../certs/revocation-list-signing.ts'
import { Revocations } from '../../certs/revocations.ts'
import { generateKey } from '../../certs/keys.ts'
import { identifyPeer } from '../../certs/peer-identity.ts'
import {
  Extension,
  X509Certificate as Certificate,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from '../../certs/x509.ts'
import { signingKey } from '../../certs/sign-certificate.ts'
import { readSigned } from '../../certs/signed.ts'
import { Instant, SubsystemId } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'
import type { Pki } from '../harness/pki.ts'
import { tlv } from './odd-certificate.ts'

const HOUR = 3_600_000
const noon = Instant.parse('2026-11-22T12:00:00Z')
const after = (milliseconds: number): Instant => Instant.ofMilliseconds(noon + milliseconds)

let pki: Pki
let peer: Peer
beforeAll(async () => {
  pki = await makePki({ now: noon })
  const validity = { notBefore: after(-HOUR), notAfter: after(2 * HOUR) }
  const { cert } = await pki.issueSubsystem(SubsystemId.parse('TW/GOV/MOF/income'), validity)
  const finding = identifyPeer(new X509Certificate(cert), pki.trust)
  if (finding.kind === 'refused') throw new Error(finding.code)
  peer = finding.peer
})

function text(more: Partial<RevocationListText> = {}): RevocationListText {
  return { number: 1, thisUpdate: after(-HOUR), nextUpdate: after(HOUR), revoked: [], ...more }
}

async function signed(more: Partial<RevocationListText> = {}): Promise<string> {
  return signRevocationList(pki.authority.issuing, text(more))
}

function faultOf(list: string | Uint8Array): unknown {
  try {
    return readRevocationList(list, pki.trust).number
  } catch (error) {
    return error instanceof RevocationListRefused ? error.fault : error
  }
}

describe('a revocation list is read as it was signed', () => {
  test('number, times and serial numbers, from PEM and from DER', async () => {
    const serials = ['1', '80', 'ff01', randomBytes(16).toString('hex').replace(/^0+/, '')]
    const revoked = serials.map((serial) => ({ serial, at: noon, reason: 'superseded' as const }))
    const pem = await signed({ number: 0x80ff, revoked })
    for (const list of [
      readRevocationList(pem, pki.trust),
      readRevocationList(derOf(pem), pki.trust),
    ]) {
      expect(list).toMatchObject({
        number: 0x80ff,
        size: 4,
        thisUpdate: after(-HOUR),
        nextUpdate: after(HOUR),
      })
      expect(serials.every((serial) => list.has(serial))).toBe(true)
      expect(list.has('2')).toBe(false)
      expect(pemOf('X509 CRL', list.der)).toBe(pem)
    }
  })

  test('every reason is written and read', async () => {
    const revoked = REVOCATION_REASONS.map((reason, index) => ({
      serial: `${index + 1}`,
      at: noon,
      reason,
    }))
    const pem = await signed({ revoked })
    expect(readRevocationList(pem, pki.trust).size).toBe(REVOCATION_REASONS.length)
    const reasons = new X509Crl(Buffer.from(derOf(pem))).entries.map(
      (entry) => X509CrlReason[entry.reason ?? 0],
    )
    expect(reasons).toEqual([...REVOCATION_REASONS])
  })

  test('a list has a number from 1', async () => {
    await expect(signed({ number: 0 })).rejects.toThrow(RangeError)
  })
})

describe('a list that is not our CA’s is refused', () => {
  test('another CA’s is foreign', async () => {
    const other = await makePki()
    const renamed = { ...other.authority.root }
    expect(faultOf(await signRevocationList(renamed, text()))).toBe('foreign')
  })

  test('one in our CA’s name with another key is forged', async () => {
    const forger = { certificate: pki.authority.issuing.certificate, key: generateKey('ec') }
    expect(faultOf(await signRevocationList(forger, text()))).toBe('forged')
  })

  test('one by a scheme that is not the key’s is forged', async () => {
    const forger = { certificate: pki.authority.issuing.certificate, key: generateKey('rsa') }
    expect(faultOf(await signRevocationList(forger, text()))).toBe('forged')
  })

  test('whatever byte of it is changed', async () => {
    const der = derOf(
      await signed({ revoked: [{ serial: 'abcdef', at: noon, reason: 'superseded' }] }),
    )
    for (let at = 0; at < der.length; at += 1) {
      const copy = Buffer.from(der)
      copy[at] = (copy[at] ?? 0) ^ 0x01
      expect(['malformed', 'foreign', 'forged']).toContain(faultOf(copy))
    }
  })

  test.each([
    ['nothing', ''],
    ['a PEM of another kind', 'certificate'],
    ['a half-written file', 'half'],
  ])('%s is malformed', async (_, what) => {
    const pem = await signed()
    const texts: Record<string, string> = { certificate: pki.trust.pem[1], half: pem.slice(0, 200) }
    expect(faultOf(texts[what] ?? what)).toBe('malformed')
  })

  test('without a number, without a next update, or with a critical extension it is malformed', async () => {
    const numbered = new Extension('2.5.29.20', false, tlv(0x02, Buffer.from([1])))
    const whole = { nextUpdate: new Date(after(HOUR)), extensions: [numbered] }
    expect(faultOf(await odd(whole))).toBe(1)
    expect(faultOf(await odd({ ...whole, extensions: [] }))).toBe('malformed')
    expect(faultOf(await odd({ extensions: [numbered] }))).toBe('malformed')
    // A delta CRL (RFC 5280 §5.2.4) says only what changed.
    const delta = new Extension('2.5.29.27', true, tlv(0x02, Buffer.from([1])))
    expect(faultOf(await odd({ ...whole, extensions: [numbered, delta] }))).toBe('malformed')
    const indirect = {
      serialNumber: '01',
      extensions: [new Extension('2.5.29.29', true, tlv(0x30, Buffer.alloc(0)))],
    }
    expect(faultOf(await odd({ ...whole, entries: [indirect] }))).toBe('malformed')
  })

  test('one that our CA signed, and that names another scheme within, another version or too high a number, is malformed', async () => {
    const good = Buffer.from(derOf(await signed()))
    const [P256_SHA256, P256_SHA384] = ['2a8648ce3d040302', '2a8648ce3d040303']
    expect(faultOf(signedAgain(good, (tbs) => tbs))).toBe(1)
    expect(faultOf(signedAgain(good, replacing(P256_SHA256, P256_SHA384)))).toBe('malformed')
    expect(faultOf(signedAgain(good, replacing('020101', '020102')))).toBe('malformed')
    const next = new Date(after(HOUR))
    for (const [bytes, finding] of [
      [[0x1f, ...Array<number>(6).fill(0xff)], Number.MAX_SAFE_INTEGER],
      [[0x20, ...Array<number>(6).fill(0)], 'malformed'],
    ] as const) {
      const number = new Extension('2.5.29.20', false, tlv(0x02, Buffer.from(bytes)))
      expect(faultOf(await odd({ nextUpdate: next, extensions: [number] }))).toBe(finding)
    }
  })

  /** With what was signed changed by its own CA. */
  function signedAgain(der: Buffer, change: (tbs: Buffer) => Buffer): Buffer {
    const { algorithm, tbs } = readSigned(der)
    const changed = change(Buffer.from(tbs.whole))
    const signature = sign('sha256', changed, pki.authority.issuing.key)
    const bits = tlv(0x03, Buffer.concat([Buffer.of(0), signature]))
    return tlv(0x30, Buffer.concat([changed, algorithm.whole, bits]))
  }

  /** The first of them; both in hexadecimal, and of one length. */
  function replacing(one: string, other: string): (tbs: Buffer) => Buffer {
    return (tbs) => {
      const at = tbs.indexOf(Buffer.from(one, 'hex'))
      if (at < 0) throw new Error('not there')
      Buffer.from(other, 'hex').copy(tbs, at)
      return tbs
    }
  }

  async function odd(
    more: Partial<Parameters<typeof X509CrlGenerator.create>[0]>,
  ): Promise<Uint8Array> {
    const list = await X509CrlGenerator.create({
      issuer: new Certificate(pki.trust.pem[1]).subjectName,
      thisUpdate: new Date(noon),
      signingKey: signingKey(pki.authority.issuing.key),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      ...more,
    })
    return new Uint8Array(list.rawData)
  }
})

describe('standing is asked for each request', () => {
  const listOf = async (more: Partial<RevocationListText> = {}): Promise<RevocationList> =>
    readRevocationList(await signed(more), pki.trust)
  const GRACE = 10 * 60_000

  test('to the millisecond, at each boundary', async () => {
    const held = new Revocations(await listOf({ nextUpdate: after(9 * HOUR) }), GRACE)
    expect(held.standing(peer, after(-HOUR - 1))).toBe('Client.Identity.CertificateNotYetValid')
    expect(held.standing(peer, after(-HOUR))).toBe('good')
    expect(held.standing(peer, after(2 * HOUR))).toBe('good')
    expect(held.standing(peer, after(2 * HOUR + 1))).toBe('Client.Identity.CertificateExpired')
  })

  test('a list past its next update is used for the grace, and no longer', async () => {
    const held = new Revocations(await listOf(), GRACE)
    expect(held.standing(peer, after(HOUR + GRACE))).toBe('good')
    expect(held.standing(peer, after(HOUR + GRACE + 1))).toBe('Server.Identity.RevocationListStale')
    held.replace(await listOf({ number: 2, nextUpdate: after(3 * HOUR) }))
    expect(held.standing(peer, after(HOUR + GRACE + 1))).toBe('good')
  })

  test('without a list the door is closed', () => {
    expect(new Revocations(undefined, GRACE).standing(peer, noon)).toBe(
      'Server.Identity.RevocationListStale',
    )
  })

  test('stale comes before expired, and expired before revoked', async () => {
    const revoked = [{ serial: peer.serial, at: noon, reason: 'keyCompromise' as const }]
    const held = new Revocations(await listOf({ revoked, nextUpdate: after(3 * HOUR) }), GRACE)
    expect(held.standing(peer, noon)).toBe('Client.Identity.CertificateRevoked')
    expect(held.standing(peer, after(2.5 * HOUR))).toBe('Client.Identity.CertificateExpired')
    expect(held.standing(peer, after(-2 * HOUR))).toBe('Client.Identity.CertificateNotYetValid')
    expect(held.standing(peer, after(4 * HOUR))).toBe('Server.Identity.RevocationListStale')
  })

  test('a list whose number goes back is refused, and the one in force stays', async () => {
    const revoked = [{ serial: peer.serial, at: noon, reason: 'keyCompromise' as const }]
    const held = new Revocations(await listOf({ number: 7, revoked }), GRACE)
    const older = await listOf({ number: 6 })
    expect(() => held.replace(older)).toThrow(expect.objectContaining({ fault: 'older' }))
    const rival = await listOf({ number: 7 })
    expect(() => held.replace(rival)).toThrow(expect.objectContaining({ fault: 'older' }))
    expect(held.number).toBe(7)
    expect(held.standing(peer, noon)).toBe('Client.Identity.CertificateRevoked')
    if (held.list === undefined) throw new Error('no list')
    held.replace(held.list)
    expect(held.number).toBe(7)
  })

  test('asking costs less than a microsecond, with 10,000 serial numbers on the list', async () => {
    const list = await listOf()
    const many = new Set(Array.from({ length: 10_000 }, () => randomBytes(16).toString('hex')))
    const held = new Revocations({ ...list, has: (serial) => many.has(serial) }, GRACE)
    const rounds = 200_000
    const best = Math.min(...Array.from({ length: 5 }, () => timeOf(rounds)))
    expect((best * 1000) / rounds).toBeLessThan(1)

    function timeOf(count: number): number {
      const start = performance.now()
      for (let round = 0; round < count; round += 1) held.standing(peer, noon)
      return performance.now() - start
    }
  })
})

function derOf(pem: string): Buffer<ArrayBuffer> {
  return Buffer.from(pem.replace(/-----[A-Z0-9 ]+-----/g, ''), 'base64')
}
