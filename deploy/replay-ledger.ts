/** Every decision of a data folder, made again with cedar-wasm from the journal alone. */
import { ENGINE, makeJudge } from '../adapters/cedar-engine/judge.ts'
import { Replay, type ReplayFinding } from '../gateway/console/replay.ts'
import type { DecisionRecord } from '../gateway/ledger/events.ts'
import { bookOfManifest } from '../gateway/projections/book-of-manifest.ts'
import type { Manifest } from '../gateway/projections/registry-view.ts'
import { documentCrypto } from '../gateway/registry/agreement-signatures.ts'
import { readLedger } from './read-ledger.ts'

export interface ReplayReport {
  readonly counts: Readonly<Record<ReplayFinding, number>>
  /** All that is not `agree`, the first thousand. */
  readonly findings: readonly {
    readonly chain: string
    readonly index: number
    readonly exchange: string
    readonly finding: ReplayFinding
    readonly members: readonly string[]
  }[]
  /** Engines, name and version, under which some decisions were made, and which are not the one that replayed them. */
  readonly otherEngines: readonly string[]
}

const MOST_FINDINGS = 1000

export function replayLedger(data: string, onProgress: (done: number) => void): ReplayReport {
  const ledger = readLedger(data)
  const replay = new Replay({
    view: ledger.view,
    bookOf: (manifest) => bookOfManifest(manifest, ledger.view, documentCrypto),
    judgeOf: makeJudge,
    engine: ENGINE,
  })
  const counts = { agree: 0, differ: 0, undecidable: 0, stale: 0 }
  const findings: ReplayReport['findings'][number][] = []
  let done = 0
  ledger.exchangeLeaves(({ chain, index, kind, record }) => {
    if (kind !== 'intent' && kind !== 'denial') return
    const decision = record as DecisionRecord
    const { finding, members } = replay.again(decision)
    counts[finding] += 1
    if (finding !== 'agree' && findings.length < MOST_FINDINGS) {
      findings.push({ chain, index, exchange: decision.exchange, finding, members })
    }
    done += 1
    onProgress(done)
  })
  return { counts, findings, otherEngines: otherEngines(ledger.view.manifests) }
}

/** Engines that manifests name and that are not the one at hand. */
function otherEngines(manifests: readonly Manifest[]): readonly string[] {
  const own = `${ENGINE.name} ${ENGINE.version}`
  const named = new Set(manifests.map(({ engine }) => `${engine.name} ${engine.version}`))
  named.delete(own)
  return [...named]
}
