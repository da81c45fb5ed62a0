import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import {
  stampChecker,
  timestampAuthority,
} from '../../../adapters/timestamp-rfc3161/timestamp-authority.ts'
import type { AuthorityOptions } from '../../../adapters/timestamp-rfc3161/timestamp-authority.ts'
import { systemChance, systemClock } from '../../../deploy/system.ts'
import type { Stamped } from '../../../gateway/ports/timestamp-authority.ts'
import { startTimestampAuthority } from '../../harness/timestamp-authority.ts'
import type { Lie, TestAuthority } from '../../harness/timestamp-authority.ts'
import type { SignerChanges } from '../../harness/timestamp-signers.ts'

const CONTENT = Buffer.from('the heads of all chains')
const DAY = 86_400_000
let authority: TestAuthority

beforeAll(async () => {
  authority = await startTimestampAuthority()
})
afterAll(() => authority.close())
beforeEach(async () => {
  authority.lie = undefined
  authority.time = undefined
  await authority.become({})
})

function ask(changes: Partial<AuthorityOptions> = {}): Promise<Stamped> {
  return timestampAuthority({
    url: authority.url,
    roots: [authority.root],
    policies: ['1.2.3.4.1'],
    timeoutMs: 5000,
    toleranceMs: 5000,
    clock: systemClock(),
    chance: systemChance(),
    ...changes,
  }).stamp(CONTENT)
}

test('a time-stamp that openssl made is good, and anybody can check it again from its bytes and the root', async () => {
  const before = Date.now()
  const stamped = await ask()
  if (stamped.kind !== 'stamped') throw new Error(stamped.sentence)
  const { stamp, token } = stamped
  expect(Math.abs(stamp.at - before)).toBeLessThan(5000)
  expect(stamp).toMatchObject({ accuracyMs: 1000, policy: '1.2.3.4.1' })
  expect(stamp.notAfter).toBeLessThan(before + 366 * DAY)
  const check = stampChecker({ roots: [authority.root] })
  expect(await check(token, CONTENT)).toEqual({ kind: 'good', stamp })
  expect(await check(token, Buffer.from('other heads'))).toMatchObject({ why: 'imprint' })
  expect(await stampChecker({ roots: [] })(token, CONTENT)).toMatchObject({ why: 'chain' })
})

test.each<[string, Lie]>([
  ['imprint', { kind: 'imprint' }],
  ['nonce', { kind: 'nonce' }],
  ['nonce', { kind: 'no-nonce' }],
  ['signer', { kind: 'unnamed' }],
  ['malformed', { kind: 'garbage' }],
  ['unreachable', { kind: 'huge' }],
  ['unreachable', { kind: 'slow' }],
  ['unreachable', { kind: 'http', status: 500 }],
  ['unreachable', { kind: 'http', status: 302 }],
  ['unreachable', { kind: 'http', status: 200, type: 'text/html' }],
  ['rejected', { kind: 'status', status: 2 }],
  ['malformed', { kind: 'status', status: 0 }],
  ['policy', { kind: 'info', change: (info) => (info.policy = '1.2.3.4.9') }],
  ['malformed', { kind: 'info', change: (info) => (info.version = 2) }],
  ['time', { kind: 'info', change: (info) => (info.genTime = new Date(Date.now() - 60_000)) }],
  ['time', { kind: 'info', change: (info) => (info.genTime = new Date(Date.now() + 60_000)) }],
  [
    'imprint',
    {
      kind: 'info',
      change: ({ messageImprint }) =>
        (messageImprint.hashAlgorithm.algorithmId = '2.16.840.1.101.3.4.2.2'),
    },
  ],
  [
    'signature',
    {
      kind: 'damage',
      change: (token) => token.writeUInt8(token.readUInt8(token.length - 1) ^ 1, token.length - 1),
    },
  ],
])('an answer is refused with its reason, %s: %j', async (why, lie) => {
  authority.lie = lie
  const answer = await ask(lie.kind === 'slow' ? { timeoutMs: 200 } : {})
  expect(answer).toMatchObject({ kind: 'refused', why })
})

test.each<[string, SignerChanges]>([
  ['purpose', { purposes: ['1.3.6.1.5.5.7.3.2'] }],
  ['purpose', { purposes: ['1.3.6.1.5.5.7.3.8', '1.3.6.1.5.5.7.3.2'] }],
  ['purpose', { purposeIsCritical: false }],
  ['chain', { notAfter: Date.now() - DAY }],
  ['chain', { notBefore: Date.now() + DAY }],
  ['chain', { selfSigned: true }],
  ['chain', { otherRoot: true }],
])(
  'a certificate that is not one of a time-stamping authority of ours is refused, %s: %j',
  async (why, changes) => {
    await authority.become(changes)
    authority.time = Date.now()
    expect(await ask()).toMatchObject({ kind: 'refused', why })
  },
)

test('nobody listens: that is an answer, not a fault', async () => {
  const closed = await startTimestampAuthority()
  await closed.close()
  expect(await ask({ url: closed.url })).toMatchObject({ kind: 'refused', why: 'unreachable' })
})

test('whichever byte of a token is changed, it is refused or says the very same; the check never throws', async () => {
  const stamped = await ask()
  if (stamped.kind !== 'stamped') throw new Error(stamped.sentence)
  const check = stampChecker({ roots: [authority.root] })
  const { stamp, token } = stamped
  let refused = 0
  // Every 31st, from another one on each time.
  for (let at = Date.now() % 31; at < token.length; at += 31) {
    const damaged = Uint8Array.from(token)
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
    const checked = await check(damaged, CONTENT)
    if (checked.kind === 'refused') refused += 1
    // A certificate that came along and is not on the path to our root is signed by nobody.
    else expect(checked.stamp).toEqual(stamp)
  }
  expect(refused).toBeGreaterThan(token.length / 62)
})
