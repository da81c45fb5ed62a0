/** Whatever is done to the bytes of a journal: `verify` says so, and names the leaf, or the range that the frame held. */
import { crc32 } from 'node:zlib'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { chainTag, frameAt, segmentHeaderLength } from '../../adapters/ledger-journal/frame.ts'
import type { FrameView } from '../../adapters/ledger-journal/frame.ts'
import { verifyData } from '../../adapters/ledger-journal/verify-data.ts'
import { readJournal } from '../../adapters/ledger-journal/chain-source.ts'
import { ChainCheck } from '../../gateway/ledger/check-chain.ts'
import { noCounts } from '../../gateway/ledger/finding.ts'
import type { Finding } from '../../gateway/ledger/finding.ts'
import { Examiner } from '../../gateway/ledger/examine.ts'
import { KnownOfChain } from '../../gateway/ledger/known-heads.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { Pairing } from '../../gateway/ledger/pairing.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import {
  KEYS,
  REGISTRY,
  SEGMENT,
  THEN,
  exchangeOrigin,
  smallLedger,
} from '../harness/small-ledger.ts'
import { SimDisk } from '../harness/sim-disk.ts'

const data = mkdtempSync(join(tmpdir(), 'gongdao-bytes-'))
const ORIGIN = exchangeOrigin(1)
const file = join(chainFolder(data, ORIGIN), '00000001.seg')
const NOW = THEN + 1e6

// Where the checksum already tells, signatures need not be looked at.
const NO_KEYS = ''

let bytes: Buffer
let frames: FrameView[]
let end: number

beforeAll(async () => {
  await smallLedger(data, 3)
  bytes = readFileSync(file)
  frames = framesOf(bytes)
  end = frames.at(-1)!.end
})

afterAll(() => {
  rmSync(data, { recursive: true })
})

function framesOf(segment: Buffer, origin = ORIGIN): FrameView[] {
  const found: FrameView[] = []
  for (let at = segmentHeaderLength(origin); ; at = found.at(-1)!.end) {
    const frame = frameAt(segment, at, chainTag(origin))
    if (frame.kind !== 'frame') return found
    found.push(frame)
  }
}

const asFast = { now: NOW, keys: KEYS, settle: () => Promise.resolve() }

/** Of this chain's journal alone: a folder with one segment. */
async function firstOfChain(changed: Buffer, keys = KEYS): Promise<Finding> {
  const found: Finding[] = []
  const report = (finding: Finding): number => found.push(finding)
  const key = parsePinnedKeys(keys).forChain(ORIGIN)
  const check = new ChainCheck({
    origin: ORIGIN,
    hasKey: key !== undefined,
    known: new KnownOfChain(ORIGIN),
    pairing: new Pairing(),
    counts: noCounts(),
    report,
    visit: () => undefined,
    onRoot: () => undefined,
  })
  const disk = new SimDisk()
  await disk.writeLoosely('/chain/00000001.seg', changed)
  const place = { disk, folder: '/chain', origin: ORIGIN, settle: asFast.settle }
  const vkey = key && vkeyText(ORIGIN, key.publicKey)
  const how = { origin: ORIGIN, vkey, sort: 'exchange', from: 0 } as const
  const examiner = new Examiner()
  for await (const chunk of readJournal(place, { from: 0, mayGrow: false })) {
    if (!check.take(chunk.parts, examiner.examine(chunk, how))) break
  }
  const [first] = found.filter(({ kind }) => kind !== 'key-unknown')
  expect(first).toBeDefined()
  return first!
}

async function findings(changed: Buffer): Promise<readonly Finding[]> {
  writeFileSync(file, changed)
  const found = (await verifyData({ data, ...asFast })).findings
  writeFileSync(file, bytes)
  return found
}

async function first(changed: Buffer): Promise<Finding> {
  const [finding] = await findings(changed)
  expect(finding).toBeDefined()
  return finding!
}

/** As somebody would who knows the format: the checksum fits again. */
function refit(changed: Buffer, { end: to, offset }: FrameView): void {
  changed.writeUInt32BE(crc32(changed.subarray(offset + 8, to)), offset + 4)
}

function flipped(at: number, bit = 1): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = changed[at]! ^ bit
  return changed
}

/** The leaf whose record, leaf or lengths stand at `at`. */
function leafAt(frame: FrameView, at: number): number | undefined {
  let from = frame.payload
  for (let count = 0; count < frame.count; count += 1) {
    const place = placeOf(bytes, from, frame.end)!
    if (at >= place.record && at < place.recordEnd) return frame.first + count
    from = place.end
  }
  return undefined
}

test('an untouched ledger has no finding, and its counts are right', async () => {
  const { counts, findings: none } = await verifyData({ data, ...asFast })
  expect(none).toEqual([])
  expect(counts).toMatchObject({ chains: 3, intents: 4, outcomes: 4, denials: 1, open: 0 })
})

test('every byte of the frames, flipped, is noticed, and the leaf or the range of its frame is named', async () => {
  expect(frames.some(({ count }) => count > 1)).toBe(true)
  for (const frame of frames) {
    for (let at = frame.offset; at < frame.end; at += 1) {
      const finding = await firstOfChain(flipped(at, 1 << (at % 8)), NO_KEYS)
      expect(finding).toMatchObject({ chain: ORIGIN, kind: 'frame-damaged', offset: frame.offset })
      const leaf = leafAt(frame, at)
      const [low, high] = [finding.first!, finding.last ?? Infinity]
      expect(low).toBeGreaterThanOrEqual(frame.first)
      expect(low).toBeLessThan(frame.first + frame.count)
      if (leaf !== undefined) expect([low, high]).toEqual([leaf, leaf])
    }
  }
})

test('every byte of a segment header, flipped, is noticed', async () => {
  for (let at = 0; at < segmentHeaderLength(ORIGIN); at += 1) {
    expect(await first(flipped(at))).toMatchObject({ kind: 'segment-damaged', first: 0 })
  }
})

test('the unused tail must be zero', async () => {
  for (const at of [end, end + 1, end + 35, end + 36, end + 4097, SEGMENT - 1]) {
    const finding = await first(flipped(at))
    expect(finding).toMatchObject({ chain: ORIGIN, segment: 1, offset: end })
    expect(['tail-not-zero', 'frame-damaged']).toContain(finding.kind)
  }
})

test('a byte that is flipped by somebody who mends the checksum is noticed, leaf by leaf', async () => {
  for (const frame of frames) {
    for (let at = frame.offset + 8; at < frame.end; at += 5) {
      const changed = flipped(at)
      refit(changed, frame)
      const finding = await firstOfChain(changed)
      const leaf = leafAt(frame, at)
      if (leaf !== undefined)
        expect(finding).toMatchObject({ kind: 'record-mismatch', first: leaf, last: leaf })
    }
  }
})

describe('frames that are whole', () => {
  /** The segment with its frames in another order, as bytes. */
  function arranged(parts: readonly FrameView[]): Buffer {
    const changed = Buffer.alloc(bytes.length)
    let at = bytes.copy(changed, 0, 0, segmentHeaderLength(ORIGIN))
    for (const { end: to, offset } of parts) at += bytes.copy(changed, at, offset, to)
    return changed
  }

  test('can not be dropped', async () => {
    for (const gone of frames.keys()) {
      const rest = frames.filter((_, at) => at !== gone)
      const due = frames[gone]!.first
      const finding = await first(arranged(rest))
      // Dropping the newest shortens the chain, which the closure in the registry contradicts.
      const kind =
        gone === frames.length - 1 ? 'closure-wrong' : gone === 0 ? 'index-wrong' : 'index-wrong'
      expect(finding).toMatchObject({ kind, first: due })
    }
  })

  test('can not be swapped or repeated', async () => {
    for (let at = 0; at + 1 < frames.length; at += 1) {
      const swapped = [...frames]
      ;[swapped[at], swapped[at + 1]] = [swapped[at + 1]!, swapped[at]!]
      expect(await first(arranged(swapped))).toMatchObject({
        kind: 'index-wrong',
        first: frames[at]!.first,
      })
      const repeated = [...frames.slice(0, at + 1), ...frames.slice(at)]
      expect(await first(arranged(repeated))).toMatchObject({ kind: 'index-wrong' })
    }
  })

  test('can not come from another chain', async () => {
    const other = readFileSync(join(chainFolder(data, exchangeOrigin(2)), '00000001.seg'))
    expect(await first(other)).toMatchObject({ chain: ORIGIN, kind: 'segment-damaged', first: 0 })
  })
})

test('a segment can not be cut short, emptied or taken away', async () => {
  expect(await first(bytes.subarray(0, end + 100))).toMatchObject({ kind: 'segment-damaged' })
  expect(await first(bytes.subarray(0, end - 1))).toMatchObject({ kind: 'segment-damaged' })
  expect(await first(Buffer.alloc(bytes.length))).toMatchObject({ kind: 'closure-wrong', first: 0 })
  rmSync(file)
  const { findings: found } = await verifyData({ data, ...asFast })
  writeFileSync(file, bytes)
  expect(found[0]).toMatchObject({ chain: ORIGIN, kind: 'closure-wrong', first: 0 })
})

test('the registry, flipped anywhere, is noticed as well', async () => {
  const registry = join(chainFolder(data, REGISTRY), '00000001.seg')
  const whole = readFileSync(registry)
  for (let at = 0; at < 2600; at += 7) {
    const changed = Buffer.from(whole)
    changed[at] = changed[at]! ^ 0x10
    writeFileSync(registry, changed)
    const { findings: found } = await verifyData({ data, ...asFast })
    expect(found[0]?.chain).toBe(REGISTRY)
  }
  writeFileSync(registry, whole)
})

test('the count of a checkpoint that stands alone, flipped, claims no leaves that were never there', async () => {
  const registry = join(chainFolder(data, REGISTRY), '00000001.seg')
  const whole = readFileSync(registry)
  const all = framesOf(whole, REGISTRY)
  expect(all.at(-1)?.type).toBe('checkpoint')
  const { first: size, offset } = all.at(-1)!
  for (let bit = 0; bit < 32; bit += 1) {
    const changed = Buffer.from(whole)
    changed.writeUInt32BE((1 << bit) >>> 0, offset + 32)
    writeFileSync(registry, changed)
    const { findings: found } = await verifyData({ data, ...asFast })
    expect(found[0]).toMatchObject({ chain: REGISTRY, kind: 'frame-damaged', first: size })
    expect(found[0]?.last).toBeUndefined()
  }
  writeFileSync(registry, whole)
})

test('a chain that the registry never opened is found', async () => {
  const secret = chainFolder(data, exchangeOrigin(9))
  cpSync(chainFolder(data, ORIGIN), secret, { recursive: true })
  const { findings: found } = await verifyData({ data, ...asFast })
  rmSync(secret, { recursive: true })
  expect(found).toMatchObject([{ kind: 'chain-in-secret' }])
  expect(readdirSync(join(secret, '..'))).toEqual(['1', '2'])
})

test('keys that are not the pinned ones are noticed', async () => {
  const [registry, gateway] = KEYS.split('\n')
  const other = KEYS.split('\n')[0]!.split('+')
  expect((await verifyData({ data, ...asFast, keys: `${registry}\n` })).findings[0]).toMatchObject({
    kind: 'key-unknown',
  })
  await expect(verifyData({ data, ...asFast, keys: `${gateway}\n` })).rejects.toThrow(
    'name no registry',
  )
  await expect(verifyData({ data, ...asFast, keys: other.join('-') })).rejects.toThrow('line 1')
})
