import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeAll, expect, test } from '@jest/globals'
import type { RestProvider } from '../../../adapters/provider-rest/rest-provider.ts'
import { findProvider } from '../../../certs/peer-identity.ts'
import { GatewayId, Instant, MemberId, SubsystemId } from '../../../policies/vocabulary.ts'
import { makePki, type Pki, type TlsFiles } from '../../harness/pki.ts'
import {
  department,
  PROVIDER,
  requestOf,
  restProvider,
  untilConnections,
  type Department,
} from './asking-world.ts'

const DAY = 86_400_000
let pki: Pki
let office: Department
let provider: RestProvider

beforeAll(async () => {
  pki = await makePki()
})

afterEach(async () => {
  await provider.close()
  await untilConnections(office.server, 0)
  await office[Symbol.asyncDispose]()
})

async function start(
  files: TlsFiles,
  parts: Parameters<typeof restProvider>[2] = {},
): Promise<void> {
  office = await department(files)
  provider = restProvider(pki, office.url, parts)
}

function at(offset: number): Instant {
  return Instant.ofMilliseconds(Date.now() + offset)
}

const IMPOSTORS: Readonly<Record<string, () => Promise<TlsFiles>>> = {
  'of another member': () => pki.issueSubsystem(SubsystemId.parse('TW/GOV/A300000014/income')),
  'of another subsystem of the same member': () =>
    pki.issueSubsystem(SubsystemId.parse('TW/GOV/A000000027/other')),
  'of a gateway': () => pki.issueGateway(GatewayId.parse('TW/GOV/A000000027/income')),
  'of a member for signing': () => pki.issueMember(MemberId.parse('TW/GOV/A000000027')),
  'of another CA with the right name': async () => (await makePki()).issueSubsystem(PROVIDER),
  'of yesterday': () =>
    pki.issueSubsystem(PROVIDER, { notBefore: at(-2 * DAY), notAfter: at(-DAY) }),
  'of tomorrow': () => pki.issueSubsystem(PROVIDER, { notBefore: at(DAY), notAfter: at(2 * DAY) }),
  'that is revoked': async () => {
    const files = await pki.issueSubsystem(PROVIDER)
    await pki.revoke(files.cert)
    return files
  },
}

test.each(Object.entries(IMPOSTORS))(
  'behind a certificate %s nobody is asked: not a byte of the request is sent',
  async (_what, files) => {
    await start(await files())
    expect(await provider.ask(requestOf())).toEqual({ kind: 'not-sent', why: 'untrusted' })
    await pause(30)
    expect(office.heard.join('')).toBe('')
    await untilConnections(office.server, 0)
  },
)

test('the provider sees the certificate of the gateway', async () => {
  await start(await pki.issueSubsystem(PROVIDER))
  await provider.ask(requestOf())
  expect(office.sockets[0]?.getPeerX509Certificate()?.subjectAltName).toContain('gateway')
})

test('a revocation acts on the next request, although the connection is still open', async () => {
  const files = await pki.issueSubsystem(PROVIDER)
  await start(files)
  expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
  await pki.revoke(files.cert)
  expect(await provider.ask(requestOf())).toEqual({ kind: 'not-sent', why: 'untrusted' })
  expect(office.heard.join('').match(/POST /g)).toHaveLength(1)
  await untilConnections(office.server, 0)
})

test('an expiry acts on the next request as well', async () => {
  let now = Date.now()
  await start(await pki.issueSubsystem(PROVIDER, { notAfter: at(DAY) }), {
    clock: { now: () => Instant.ofMilliseconds(now) },
  })
  expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
  now += 2 * DAY
  expect(await provider.ask(requestOf())).toEqual({ kind: 'not-sent', why: 'untrusted' })
})

test('a provider with a renewed certificate is asked again without a restart', async () => {
  const old = await pki.issueSubsystem(PROVIDER)
  await start(old)
  await provider.ask(requestOf())
  await pki.revoke(old.cert)
  office.server.setSecureContext(await pki.issueSubsystem(PROVIDER))
  expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
})

test.each([undefined, 'TLSv1.2'] as const)(
  'a session is never resumed (%s), so every connection shows its certificate',
  async (maxVersion) => {
    const files = await pki.issueSubsystem(PROVIDER)
    let found = 0
    office = await department(files, undefined, maxVersion === undefined ? {} : { maxVersion })
    provider = restProvider(pki, office.url, {
      find: (certificate, expected) => {
        found += 1
        return findProvider(certificate, pki.trust, expected)
      },
    })
    for (let round = 1; round <= 3; round += 1) {
      expect(await provider.ask(requestOf())).toMatchObject({ kind: 'answered' })
      office.sockets.at(-1)!.end()
      await untilConnections(office.server, 0)
    }
    expect(office.resumed).toEqual([false, false, false])
    expect(found).toBe(3)
  },
)

test('what was asked before a revocation is still answered', async () => {
  const files = await pki.issueSubsystem(PROVIDER)
  let answer: () => void = () => undefined
  office = await department(files, (socket) => {
    answer = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
  })
  provider = restProvider(pki, office.url)
  const first = provider.ask(requestOf())
  while (office.heard[0] === undefined || office.heard[0] === '') await pause(2)
  await pki.revoke(files.cert)
  expect(await provider.ask(requestOf())).toEqual({ kind: 'not-sent', why: 'untrusted' })
  answer()
  expect(await first).toMatchObject({ kind: 'answered' })
})
