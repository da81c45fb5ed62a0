import { hash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest } from '../../policies/vocabulary.ts'
import { checkReceipt } from '../../gateway/ledger/check-receipt.ts'
import type { ReceiptFinding } from '../../gateway/ledger/check-receipt.ts'
import { digestOf } from '../../gateway/ledger/hash.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { LONGEST_HEADER, buildReceiptHeader } from '../../gateway/ledger/receipt.ts'
import type { Opening } from '../../gateway/ledger/receipt.ts'
import { memoryChain } from '../harness/memory-ledger.ts'
import { decisionEntry, outcomeEntry } from '../harness/records.ts'

const BODY = Buffer.from('{"amount":"12000"}')
const nonce = Buffer.alloc(16, 7)
const bodyDigest = digestOf(BODY)
const commitment = Digest.parse(
  hash('sha256', Buffer.concat([nonce, Buffer.from(bodyDigest, 'base64url')]), 'base64url'),
)
const opening: Opening = { digest: bodyDigest, nonce: nonce.toString('base64url'), of: 'released' }

const chain = memoryChain('T/exchange/gw/1')
const keys = parsePinnedKeys(
  [
    vkeyText('T/registry', chain.signer.publicKey),
    vkeyText('T/exchange/gw', chain.signer.publicKey),
  ].join('\n'),
)

async function receipt(): Promise<string> {
  const {
    kind,
    public: row,
    record,
  } = outcomeEntry({ number: 1, at: 1, intent: 0, released: commitment })
  const others = Array.from({ length: 9 }, (_, at) =>
    chain.append(outcomeEntry({ number: at, at: 1, intent: 0 })),
  )
  const recorded = await chain.append({ kind, record, ...(row && { public: row }) })
  await Promise.all(others)
  return buildReceiptHeader(recorded, { recordText: record, opening })
}

function why(finding: ReceiptFinding): string {
  return finding.kind === 'bad' ? finding.why : finding.level
}

/** The receipt with its `extra` changed. */
function withExtra(header: string, change: (extra: Record<string, unknown>) => unknown): string {
  const text = Buffer.from(header, 'base64').toString()
  return text.replace(/^extra (.*)$/m, (_, encoded: string) => {
    const extra = JSON.parse(Buffer.from(encoded, 'base64').toString()) as Record<string, unknown>
    return `extra ${Buffer.from(canonicalJson(change(extra) as never)).toString('base64')}`
  })
}

test('a receipt is one line of base64, and says with keys alone what was recorded', async () => {
  const header = await receipt()
  expect(header).toMatch(/^[A-Za-z0-9+/]+=*$/)
  const finding = checkReceipt(header, { keys })
  expect(finding).toMatchObject({
    kind: 'good',
    level: 'signed, record shown',
    origin: 'T/exchange/gw/1',
    leaf: { kind: 'outcome' },
    record: { outcome: 'released', released: commitment },
    cosigned: [],
  })
})

test('with the body it convicts on its own; another body is told from it', async () => {
  const header = await receipt()
  expect(why(checkReceipt(header, { keys, body: BODY }))).toBe('signed, record and body opened')
  expect(why(checkReceipt(header, { keys, body: Buffer.from('{"amount":"12001"}') }))).toBe(
    'body-mismatch',
  )
})

test('the plain tlog-proof is read as well as its base64', async () => {
  const text = Buffer.from(await receipt(), 'base64').toString()
  expect(why(checkReceipt(text, { keys }))).toBe('signed, record shown')
})

test('no byte of a receipt can be changed without being noticed, or without meaning the same', async () => {
  const text = Buffer.from(Buffer.from(await receipt(), 'base64'))
  const good = checkReceipt(text.toString(), { keys, body: BODY })
  for (let at = 0; at < text.length; at += 1) {
    const changed = Buffer.from(text)
    changed[at] = changed[at]! ^ 0x04
    const finding = checkReceipt(changed.toString(), { keys, body: BODY })
    if (finding.kind === 'good') expect(finding).toEqual(good)
  }
})

describe('a receipt is bad', () => {
  test('when its chain is not one that a pinned key is for', async () => {
    const stranger = parsePinnedKeys(vkeyText('T/exchange/other', chain.signer.publicKey))
    expect(why(checkReceipt(await receipt(), { keys: stranger }))).toBe('key-unknown')
  })

  test('when another key signed it', async () => {
    const other = memoryChain('T/exchange/gw/1', {
      signer: (await import('../harness/memory-ledger.ts')).testSigner(9),
    })
    const entry = outcomeEntry({ number: 1, at: 1, intent: 0 })
    const forged = buildReceiptHeader(await other.append(entry), { recordText: entry.record })
    expect(why(checkReceipt(forged, { keys }))).toBe('signature-wrong')
  })

  test('when its leaf is not in the tree', async () => {
    const changed = withExtra(await receipt(), (extra) => ({
      ...extra,
      leaf: { ...(extra['leaf'] as object), kind: 'intent' },
    }))
    expect(why(checkReceipt(changed, { keys }))).toBe('not-included')
  })

  test('when the record shown is another', async () => {
    const changed = withExtra(await receipt(), (extra) => ({
      ...extra,
      record: { ...(extra['record'] as object), outcome: 'withheld' },
    }))
    expect(why(checkReceipt(changed, { keys }))).toBe('record-mismatch')
  })

  test('when the opening opens something else', async () => {
    const changed = withExtra(await receipt(), (extra) => ({
      ...extra,
      opening: { ...opening, digest: digestOf('another body') },
    }))
    expect(why(checkReceipt(changed, { keys }))).toBe('opening-mismatch')
  })

  test.each<readonly [string, object]>([
    ['of another version', { v: 2 }],
    ['with an opening that is none', { opening: { digest: 'a', nonce: 'b', of: 'c' } }],
    ['with an opening of text', { opening: 'released' }],
  ])('when it is one %s', async (_what, change) => {
    const changed = withExtra(await receipt(), (extra) => ({ ...extra, ...change }))
    expect(why(checkReceipt(changed, { keys }))).toBe('not-a-receipt')
  })

  test.each([
    '',
    'nonsense',
    'AAAA',
    'c2sp.org/tlog-proof@v1\n',
    'c2sp.org/tlog-proof@v1\nindex 0\n\nx',
  ])('when it is %j', (text) => {
    expect(why(checkReceipt(text, { keys }))).toBe('not-a-receipt')
  })
})

test('a header has at most 4,096 characters: where the record does not fit it stays out, and the leaf is still proven', async () => {
  const entry = decisionEntry(1, 1, 'permit')
  const recorded = await chain.append(entry)
  for (let length = 0; length < 2600; length += 13) {
    const recordText = canonicalJson({
      ...(JSON.parse(entry.record) as object),
      sealed: 'S'.repeat(length),
    })
    const header = buildReceiptHeader(recorded, {
      recordText,
      opening: { ...opening, of: 'request' },
    })
    expect(header.length).toBeLessThanOrEqual(LONGEST_HEADER)
  }
  const long = buildReceiptHeader(recorded, { recordText: `"${'x'.repeat(3000)}"` })
  expect(why(checkReceipt(long, { keys }))).toBe('signed')
  expect(why(checkReceipt(long, { keys, body: BODY }))).toBe('opening-mismatch')
})
