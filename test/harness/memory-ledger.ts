/** A chain in memory with the real commit loop, tree and signatures; only the disk is missing. */
import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { openChain } from '../../gateway/ledger/chain.ts'
import type { ChainOptions } from '../../gateway/ledger/chain.ts'
import type { Chain, LeafKind } from '../../gateway/ledger/entry.ts'
import { placeOf } from '../../gateway/ledger/entry-bytes.ts'
import { parseLeaf } from '../../gateway/ledger/leaf.ts'
import { ed25519Signer } from '../../gateway/ledger/signer.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import type { Frame, Storage } from '../../gateway/ledger/storage.ts'
import { EMPTY_EDGE } from '../../gateway/ledger/tree.ts'

export interface MemoryEntry {
  readonly kind: LeafKind
  readonly leaf: string
  readonly record: string
}

export interface MemoryChain extends Chain {
  /** Everything that is durable, by index. */
  readonly entries: readonly MemoryEntry[]
  readonly signer: LogSigner
  /** Set to `finishes` for a full disk. */
  room: Storage['room']
  /** Holds every write until the function it answers is called. */
  hold(): () => void
  /** The next write fails, and the outcome is unknown. */
  failNextWrite(fault?: Error): void
}

/** A key for tests: the same one each time. */
export function testSigner(seed = 1): LogSigner {
  return ed25519Signer(testKey(seed))
}

export function testKey(seed: number): KeyObject {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const der = Buffer.concat([prefix, Buffer.alloc(32, seed)])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

class MemoryStorage implements Storage {
  readonly largestFrame = 4 * 1024 * 1024
  readonly entries: MemoryEntry[] = []
  room: Storage['room'] = 'all'
  gate: Promise<void> = Promise.resolve()
  fault: Error | undefined

  reserve(_frames: number, _bytes: number, finishes: boolean): boolean {
    return this.room === 'all' || finishes
  }

  async append(frame: Frame): Promise<void> {
    await this.gate
    if (this.fault !== undefined) throw this.fault
    let at = frame.start
    for (let count = 0; count < frame.count; count += 1) {
      const place = placeOf(frame.buffer, at, frame.end)
      if (place === undefined) throw new Error('the frame does not hold its entries')
      const leaf = frame.buffer.toString('utf8', place.hashedAt + 1, place.end)
      const record = frame.buffer.toString('utf8', place.record, place.recordEnd)
      this.entries.push({ kind: parseLeaf(leaf)!.kind, leaf, record })
      at = place.end
    }
  }

  async close(): Promise<void> {
    // Nothing to let go of.
  }
}

export function memoryChain(
  origin = 'TEST/exchange/gw/1',
  options: Partial<ChainOptions> = {},
): MemoryChain {
  const storage = new MemoryStorage()
  const signer = options.signer ?? testSigner()
  const chain = openChain({
    edge: EMPTY_EDGE,
    twoPhase: false,
    onFatal: () => undefined,
    ...options,
    origin,
    signer,
    storage,
  })
  return {
    origin,
    signer,
    entries: storage.entries,
    append: (entry) => chain.append(entry),
    head: () => chain.head(),
    accepts: () => chain.accepts(),
    close: () => chain.close(),
    get room() {
      return storage.room
    },
    set room(room) {
      storage.room = room
    },
    hold() {
      let release: () => void = () => undefined
      storage.gate = new Promise((resolve) => {
        release = resolve
      })
      return release
    },
    failNextWrite(fault = new Error('EIO')) {
      storage.fault = fault
    },
  }
}
