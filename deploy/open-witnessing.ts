/**
 * Checkpoints are published, each second that a head has moved: kept in `<data>/ledger/checkpoints`, cosigned by the witnesses where there
 * are any. Opened before the registry, so that a genesis can wait for its cosignatures (design D7).
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import {
  checkpointsFolder,
  openCheckpointsFolder,
} from '../adapters/checkpoints-folder/checkpoints-folder.ts'
import { makeWitnessClient, type WitnessClient } from '../adapters/witness-client/witness-client.ts'
import { LedgerUnavailable } from '../gateway/ledger/entry.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import { makeExtra } from '../gateway/ledger/receipt.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { CheckpointStore } from '../gateway/ports/checkpoint-store.ts'
import type { LeafReader } from '../gateway/ports/leaf-reader.ts'
import type { WitnessedLog } from '../gateway/ports/witness.ts'
import { Publisher, type GenesisPlace } from '../gateway/witness/publisher.ts'
import type { WitnessStatus } from '../gateway/witness/status.ts'
import type { GatewayConfig } from './config.ts'
import { registrarOf } from './config/registrar.ts'
import type { Witnesses } from './config/witnesses.ts'
import { keepWitnessPolicy } from './witness-policy-file.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

/** A chain's archive, as far as witnesses need it. */
export interface ProvingArchive extends LeafReader {
  checkpoint(): string | undefined
  consistency(old: number, note: string): ReturnType<WitnessedLog['consistency']>
}

export interface OpenedWitnessing {
  /** Every checkpoint that was published; others may read it from any position. */
  readonly store: CheckpointStore
  /** From now on this chain's checkpoints are published. */
  add(origin: string, archive: ProvingArchive, genesis?: GenesisPlace): void
  /** Resolves once the required cosignatures cover the leaf; at once where there are no witnesses. */
  covers(origin: string, index: number): Promise<void>
  /** The newest checkpoint of a chain with the required cosignatures; undefined where there are no witnesses. */
  cosigned(origin: string): string | undefined
  readonly status: () => WitnessStatus
  /** Why no exchange may begin now; undefined where one may. */
  readonly refusal: () => Error | undefined
  /** The same chain, which accepts nothing new while there is such a reason. */
  guard(chain: Chain): Chain
  /** A last round, then nothing more. */
  stop(): Promise<void>
}

const WAITING =
  'nothing is recorded before they have seen that this chain was opened. What each of them does is told here'
const EACH_MS = 1000
const TELL_AFTER_MS = 2000
const COMPLAINTS_EACH_MS = 2000
const NOBODY: Pick<Witnesses, 'require'> & { readonly witnesses: readonly never[] } = {
  require: 0,
  witnesses: [],
}

export async function openWitnessing(
  config: GatewayConfig,
  { clock, report }: { readonly clock: Clock; readonly report: Report },
): Promise<OpenedWitnessing> {
  const { require, witnesses } = config.witnesses ?? NOBODY
  if (config.witnesses !== undefined) keepWitnessPolicy(config.data, config.witnesses)
  const store = await openCheckpointsFolder(checkpointsFolder(config.data))
  const clients = witnesses.map((witness) => clientOf(witness, config.witnesses?.deadlineMs))
  const whenAway = config.witnesses?.whenAway ?? 'continue'
  const publisher = new Publisher({
    witnesses: clients,
    require,
    ...(whenAway !== 'continue' && { refuseAfterMs: whenAway.refuseAfterMs }),
    store,
    clock,
    elapsed: () => performance.now(),
    pause: (milliseconds) => pause(milliseconds, undefined, { ref: false }),
    report,
  })
  const stopRounds = keepRounds(publisher)
  return {
    store,
    add(origin, archive, genesis) {
      const isFollowed =
        registrarOf(config) !== undefined && origin === `${config.instance}/registry`
      publisher.add({ ...witnessedLog(origin, archive), isFollowed }, genesis)
    },
    covers: (origin, index) =>
      require === 0 ? Promise.resolve() : coverNow(publisher, { origin, index }, report),
    cosigned: (origin) => (require === 0 ? undefined : publisher.cosigned(origin)),
    status: () => publisher.status,
    refusal: () => (publisher.accepts ? undefined : tooFarBehind(publisher.status)),
    guard: (chain) => guarded(chain, () => publisher.accepts),
    async stop() {
      await stopRounds()
      for (const client of clients) client.close()
      await store.close()
    },
  }
}

/** Answers what ends them, after a last one. */
function keepRounds(publisher: Publisher): () => Promise<void> {
  const timers = [
    setInterval(() => void publisher.round(), EACH_MS),
    setInterval(() => void publisher.answerComplaints(), COMPLAINTS_EACH_MS),
  ]
  for (const timer of timers) timer.unref()
  return async () => {
    for (const timer of timers) clearInterval(timer)
    // One under way may have taken an older checkpoint.
    await publisher.round()
    await publisher.round()
  }
}

/** Not only at the next second: a start waits for it. */
async function coverNow(
  publisher: Publisher,
  { origin, index }: { readonly origin: string; readonly index: number },
  report: Report,
): Promise<void> {
  const covered = publisher.covers(origin, index)
  void publisher.round()
  const telling = setTimeout(() => {
    const { require, witnesses } = publisher.status
    report(
      `waiting for ${require} of ${witnesses.length} witnesses to cosign ${origin}: ${WAITING}`,
      'now',
    )
  }, TELL_AFTER_MS)
  await covered
  clearTimeout(telling)
}

function clientOf(
  { ca, key, url }: Witnesses['witnesses'][number],
  deadlineMs: number | undefined,
): WitnessClient {
  return makeWitnessClient({
    vkey: key,
    url,
    ...(ca !== undefined && { ca: readFileSync(ca, 'utf8') }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  })
}

export function witnessedLog(origin: string, archive: ProvingArchive): WitnessedLog {
  return {
    origin,
    checkpoint: () => archive.checkpoint(),
    consistency: (old, note) => archive.consistency(old, note),
    async receipt(index, note, shows) {
      const kept = await archive.read(index, note)
      const room = shows === 'record' ? Infinity : 0
      const extra = kept && makeExtra({ leaf: kept.leaf, recordText: kept.record }, room)
      return extra === undefined ? undefined : kept?.proof(Buffer.from(extra))
    },
  }
}

function tooFarBehind({ behindMs, require }: WitnessStatus): Error {
  const seconds = Math.floor(behindMs / 1000)
  return new LedgerUnavailable(
    `fewer than ${require} witnesses have cosigned for ${seconds} seconds: see what each of them does`,
  )
}

function guarded(chain: Chain, accepts: () => boolean): Chain {
  return {
    origin: chain.origin,
    accepts: () => accepts() && chain.accepts(),
    append: (entry) => chain.append(entry),
    head: () => chain.head(),
    close: () => chain.close(),
  }
}
