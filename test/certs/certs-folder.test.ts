import { randomBytes, X509Certificate } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CertsFolder, CertsFolderFault } from '../../adapters/certs-folder/certs-folder.ts'
import type { Issued } from '../../adapters/certs-folder/certs-folder.ts'
import { IndexDamaged } from '../../adapters/certs-folder/issued-index.ts'
import { safeName } from '../../adapters/certs-folder/layout.ts'
import { watchRevocationList } from '../../adapters/certs-folder/watch-revocation-list.ts'
import { LOCAL_HOSTS } from '../../certs/authority.ts'
import { identityOf } from '../../certs/identity.ts'
import { identifyPeer } from '../../certs/peer-identity.ts'
import type { Peer } from '../../certs/peer.ts'
import { readRevocationList } from '../../certs/revocation-list.ts'
import { Instant, SubsystemId } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'

const DAY = 86_400_000
const created: string[] = []
afterAll(() => created.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

const now = (): Instant => Instant.ofMilliseconds(Date.now())
const later = (milliseconds: number): Instant => Instant.ofMilliseconds(Date.now() + milliseconds)

function newFolder(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'gongdao-certs-')), 'certs')
  created.push(join(folder, '..'))
  return folder
}

async function newAuthority(): Promise<CertsFolder> {
  return CertsFolder.init(
    newFolder(),
    { organization: '示範', now: now(), listDays: 7 },
    randomBytes,
  )
}

async function issue(certs: CertsFolder, id: string, days = 30): Promise<Issued> {
  const order = {
    identity: identityOf('subsystem', id),
    organization: '財政部',
    hosts: LOCAL_HOSTS,
    notBefore: later(-60_000),
    notAfter: later(days * DAY),
  }
  return certs.issue(order, { key: 'ec', now: now() })
}

function revoke(certs: CertsFolder, serial: string): ReturnType<CertsFolder['revoke']> {
  return certs.revoke(serial, { reason: 'superseded', now: now(), listDays: 7 })
}

function peerOf(certs: CertsFolder, { files }: Issued): Peer {
  const finding = identifyPeer(new X509Certificate(readFileSync(files.certificate)), certs.trust)
  if (finding.kind === 'refused') throw new Error(finding.code)
  return finding.peer
}

describe('the folder of the authority', () => {
  test('private keys are for their owner only, and no half-written file is left', async () => {
    const certs = await newAuthority()
    const issued = await issue(certs, 'TW/GOV/MOF/income')
    const { rootKey, issuingKey, folder, issued: sub } = certs.layout
    for (const path of [rootKey, issuingKey, issued.files.key ?? '']) {
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }
    expect(
      [...readdirSync(folder), ...readdirSync(sub)].filter((name) => name.endsWith('.new')),
    ).toEqual([])
  })

  test('a second init changes nothing', async () => {
    const certs = await newAuthority()
    const before = readFileSync(certs.layout.rootKey)
    await expect(
      CertsFolder.init(
        certs.layout.folder,
        { organization: 'x', now: now(), listDays: 7 },
        randomBytes,
      ),
    ).rejects.toThrow(CertsFolderFault)
    expect(readFileSync(certs.layout.rootKey)).toEqual(before)
  })

  test('it is opened again with everything in it', async () => {
    const certs = await newAuthority()
    const { serial } = await issue(certs, 'TW/GOV/MOF/income')
    await revoke(certs, serial)
    const again = CertsFolder.open(certs.layout.folder, randomBytes)
    expect(again.entries()).toMatchObject([{ serial, status: 'revoked', reason: 'superseded' }])
    expect(again.revocationList()).toMatchObject({ number: 2, size: 1 })
    expect(() => CertsFolder.open(newFolder(), randomBytes)).toThrow(CertsFolderFault)
  })

  test('a certificate is revoked once, and only if it was issued here', async () => {
    const certs = await newAuthority()
    const { serial } = await issue(certs, 'TW/GOV/MOF/income')
    await revoke(certs, serial)
    await expect(revoke(certs, serial)).rejects.toThrow('revoked already')
    await expect(revoke(certs, 'abc')).rejects.toThrow(CertsFolderFault)
    expect(certs.revocationList()?.number).toBe(2)
  })

  test('a revocation that was recorded but not signed is on the next list', async () => {
    const certs = await newAuthority()
    const { serial } = await issue(certs, 'TW/GOV/MOF/income')
    const first = readFileSync(certs.layout.revocationList)
    await revoke(certs, serial)
    // As after a crash between the two writes.
    writeFileSync(certs.layout.revocationList, first)
    expect((await certs.publish(now(), 7)).has(serial)).toBe(true)
  })

  test('a lost list is followed by one with a higher number than any before', async () => {
    const certs = await newAuthority()
    await issue(certs, 'TW/GOV/MOF/income')
    await certs.publish(now(), 7)
    rmSync(certs.layout.revocationList)
    expect((await certs.publish(now(), 7)).number).toBeGreaterThan(1_000_000)
  })

  test('expired certificates leave the list', async () => {
    const certs = await newAuthority()
    const { serial } = await issue(certs, 'TW/GOV/MOF/income', 1)
    await revoke(certs, serial)
    expect((await certs.publish(later(2 * DAY), 7)).size).toBe(0)
  })

  test('a torn last line is nothing, and what is written after it is read', async () => {
    const certs = await newAuthority()
    const first = await issue(certs, 'TW/GOV/MOF/income')
    appendFileSync(certs.layout.index, '{"serial":"77","uri":"urn:gong')
    expect(certs.entries().map(({ serial }) => serial)).toEqual([first.serial])
    const second = await issue(certs, 'TW/GOV/NHI/enrolment')
    expect(certs.entries().map(({ serial }) => serial)).toEqual([first.serial, second.serial])
  })

  test.each([
    '{"serial":"zz"}',
    'x',
    '{"serial":"1","uri":"u","status":"revoked","notAfter":"2026-11-22T00:00:00Z","at":"2026-11-22T00:00:00Z"}',
  ])('a damaged line (%s) stops everything and is named', async (line) => {
    const certs = await newAuthority()
    const { serial } = await issue(certs, 'TW/GOV/MOF/income')
    appendFileSync(certs.layout.index, `${line}\n`)
    expect(() => certs.entries()).toThrow(IndexDamaged)
    expect(() => certs.entries()).toThrow('line 2')
    await expect(revoke(certs, serial)).rejects.toThrow(IndexDamaged)
  })

  test('one identity’s files are never overwritten with another’s', async () => {
    const certs = await newAuthority()
    const one = await issue(certs, 'TW/GOV/MOF/income')
    const other = safeName(identityOf('subsystem', 'TW/GOV/NHI/enrolment'))
    // As on a file system that takes two names for one.
    copyFileSync(one.files.certificate, join(certs.layout.issued, `${other}.crt`))
    await expect(issue(certs, 'TW/GOV/NHI/enrolment')).rejects.toThrow('move it away')
    expect(certs.entries()).toHaveLength(1)
  })

  test('every identity has a file name of its own, good on every file system', () => {
    const part = fc
      .stringMatching(/^[A-Za-z0-9 !'()*~_.\u4e00-\u9fff-]{1,40}$/)
      .filter((text) => text !== '.' && text !== '..')
    const id = fc.tuple(part, part, part, part).map((parts) => SubsystemId.of(...parts))
    fc.assert(
      fc.property(id, id, (a, b) => {
        const names = [a, b].map((one) => safeName({ kind: 'subsystem', id: one }))
        expect(names.every((name) => /^[A-Za-z0-9%+._~-]{1,120}$/.test(name))).toBe(true)
        expect(names[0] === names[1]).toBe(a === b)
      }),
    )
  })
})

describe('the list is watched', () => {
  async function watched(graceMs = 0): Promise<{
    certs: CertsFolder
    issued: Issued
    standing: (at?: Instant) => string
    number: () => number
    faults: string[]
    path: string
  }> {
    const certs = await newAuthority()
    const issued = await issue(certs, 'TW/GOV/MOF/income')
    const peer = peerOf(certs, issued)
    const faults: string[] = []
    const path = certs.layout.revocationList
    const current = watchRevocationList(path, certs.trust, {
      graceMs,
      report: (fault) => faults.push(fault),
    })
    return {
      certs,
      issued,
      faults,
      path,
      standing: (at = now()) => current().standing(peer, at),
      number: () => current().number,
    }
  }

  test('a new list is in force at once, however often it changes', async () => {
    const { certs, number, faults } = await watched()
    for (let expected = 2; expected <= 12; expected += 1) {
      await certs.publish(now(), 7)
      expect(number()).toBe(expected)
    }
    expect(faults).toEqual([])
  })

  test('lists that follow each other within one tick of the file system’s clock are all seen', async () => {
    const { certs, number, path, faults } = await watched()
    const texts: string[] = []
    for (let count = 0; count < 40; count += 1) {
      await certs.publish(now(), 7)
      texts.push(readFileSync(path, 'utf8'))
    }
    // Of one size, in one place (same inode), as fast as it goes.
    const sizes = texts.map((text) => text.length)
    const size = Math.max(
      ...sizes.filter((one) => sizes.filter((other) => other === one).length > 5),
    )
    for (const text of texts.filter((one) => one.length === size)) {
      writeFileSync(path, text)
      const written = readRevocationList(text, certs.trust).number
      expect(number()).toBe(written)
    }
    expect(faults).toEqual([])
  })

  test.each(['damaged', 'cut short', 'empty', 'another CA’s'])(
    'a list that is %s changes nothing and is reported once',
    async (how) => {
      const { certs, issued, standing, faults, path } = await watched()
      await revoke(certs, issued.serial)
      expect(standing()).toBe('Client.Identity.CertificateRevoked')
      const good = readFileSync(path, 'utf8')
      const foreign = await (await makePki()).publish()
      const bad: Record<string, string> = {
        damaged: good.replace('MII', 'MIX'),
        'cut short': good.slice(0, 90),
        empty: '',
        'another CA’s': foreign,
      }
      writeFileSync(path, how === 'damaged' ? changeMiddle(good) : (bad[how] ?? ''))
      for (let round = 0; round < 5; round += 1)
        expect(standing()).toBe('Client.Identity.CertificateRevoked')
      expect(faults).toHaveLength(1)
      // What is mended acts again.
      writeFileSync(path, good)
      await certs.publish(now(), 7)
      expect(standing()).toBe('Client.Identity.CertificateRevoked')
      expect(faults).toHaveLength(1)
    },
  )

  test('an older list does not bring a revoked certificate back', async () => {
    const { certs, issued, standing, faults, path } = await watched()
    const older = readFileSync(path)
    await revoke(certs, issued.serial)
    expect(standing()).toBe('Client.Identity.CertificateRevoked')
    writeFileSync(path, older)
    expect(standing()).toBe('Client.Identity.CertificateRevoked')
    expect(standing()).toBe('Client.Identity.CertificateRevoked')
    expect(faults).toEqual(['older'])
  })

  test('a missing list is reported once; the one before holds until its time and grace are over', async () => {
    const { standing, faults, path, certs } = await watched(60_000)
    const next = certs.revocationList()?.nextUpdate ?? now()
    const away = `${path}.away`
    renameSync(path, away)
    expect(standing()).toBe('good')
    expect(standing()).toBe('good')
    expect(standing(Instant.ofMilliseconds(next + 60_001))).toBe(
      'Server.Identity.RevocationListStale',
    )
    expect(faults).toEqual(['missing'])
    renameSync(away, path)
    expect(standing()).toBe('good')
    expect(faults).toEqual(['missing'])
    expect(existsSync(path)).toBe(true)
  })

  test('what is no file that can be read, in its place, changes nothing and is reported once', async () => {
    const { standing, faults, path } = await watched(60_000)
    const away = `${path}.away`
    renameSync(path, away)
    mkdirSync(path)
    for (let round = 0; round < 5; round += 1) expect(standing()).toBe('good')
    expect(faults).toEqual(['unreadable'])
    rmdirSync(path)
    // A link to itself: the file system can't even say whether it is there.
    symlinkSync(path, path)
    for (let round = 0; round < 5; round += 1) expect(standing()).toBe('good')
    expect(faults).toEqual(['unreadable', 'missing'])
    unlinkSync(path)
    renameSync(away, path)
    expect(standing()).toBe('good')
    expect(faults).toEqual(['unreadable', 'missing'])
  })

  test('without a good list there is no start', async () => {
    const certs = await newAuthority()
    const options = { graceMs: 0, report: () => undefined }
    expect(() => watchRevocationList(`${certs.layout.folder}/none`, certs.trust, options)).toThrow()
    writeFileSync(certs.layout.revocationList, 'x')
    expect(() => watchRevocationList(certs.layout.revocationList, certs.trust, options)).toThrow()
  })
})

/** Changes one character of the signature. */
function changeMiddle(pem: string): string {
  const lines = pem.split('\n')
  const at = lines.length - 3
  const line = lines[at] ?? ''
  lines[at] = line.slice(0, 3) + (line[3] === 'A' ? 'B' : 'A') + line.slice(4)
  return lines.join('\n')
}
