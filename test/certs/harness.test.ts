import { X509Certificate } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { identifyPeer } from '../../certs/peer-identity.ts'
import { Instant, SubsystemId } from '../../policies/vocabulary.ts'
import { makePki } from '../harness/pki.ts'

test('a subsystem is known by its certificate until that is revoked', async () => {
  const pki = await makePki()
  const id = SubsystemId.parse('TW/GOV/MOF/income')
  const { cert } = await pki.issueSubsystem(id)
  const finding = identifyPeer(new X509Certificate(cert), pki.trust)
  expect(finding).toMatchObject({ kind: 'identified', peer: { subsystem: id } })
  if (finding.kind !== 'identified') throw new Error('unreachable')
  const now = Instant.ofMilliseconds(Date.now())
  expect(pki.revocations.standing(finding.peer, now)).toBe('good')
  await pki.revoke(cert)
  expect(pki.revocations.number).toBe(2)
  expect(pki.revocations.standing(finding.peer, now)).toBe('Client.Identity.CertificateRevoked')
})
