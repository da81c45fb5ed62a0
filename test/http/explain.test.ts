/** A fault inside becomes one problem document outside, which says what the caller can do and nothing else. */
import { beforeAll, expect, test } from '@jest/globals'
import { LedgerFault } from '../../gateway/ledger/chain.ts'
import { LedgerUnavailable } from '../../gateway/ledger/entry.ts'
import { KeyStoreUnavailable } from '../../gateway/ports/key-store.ts'
import { makePki, type Pki, type TlsFiles } from '../harness/pki.ts'
import { ask, CONSUMER, listening, PATH } from './listening.ts'

let pki: Pki
let tls: TlsFiles

beforeAll(async () => {
  pki = await makePki()
  tls = await pki.issueSubsystem(CONSUMER)
})

test.each([
  [503, 'Server.Ledger.Unavailable', new LedgerUnavailable('SECRET')],
  [503, 'Server.Ledger.Unavailable', new LedgerFault('SECRET')],
  [503, 'Server.Keys.Unavailable', new KeyStoreUnavailable('full', 'SECRET')],
  [500, 'Server.Internal', new TypeError('SECRET')],
])('%i %s', async (status, code, fault) => {
  await using gateway = await listening(pki, { exchange: () => Promise.reject(fault) })
  const reply = await ask(gateway.port, tls, `GET ${PATH} HTTP/1.1`)
  expect(reply).toContain(`HTTP/1.1 ${status} `)
  expect(reply).toContain(`X-Road-Error: ${code}`)
  expect(reply.includes('Retry-After: 5')).toBe(status === 503)
  expect(reply).not.toContain('SECRET')
  expect(gateway.faults).toEqual([fault])
})
