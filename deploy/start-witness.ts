/** A whole witness, built by hand: its memory, its desks, its door. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { openWitnessFolder } from '../adapters/checkpoints-folder/witness-folder.ts'
import { lockFolder, type FolderLock } from '../adapters/ledger-journal/lock.ts'
import { makeWitnessListener } from '../gateway/http/witness-listener.ts'
import type { PinnedKeys } from '../gateway/ledger/pinned-keys.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { WitnessMemory } from '../gateway/ports/witness-memory.ts'
import type { Cosigner } from '../gateway/witness/cosignature.ts'
import { witnessDesks } from '../gateway/witness/desks.ts'

export interface WitnessConfig {
  readonly data: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly cosigner: Cosigner
  /** Of the ledgers whose checkpoints it cosigns. */
  readonly keys: PinnedKeys
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string }
}

export interface RunningWitness {
  readonly url: URL
  readonly memory: WitnessMemory
  close(): Promise<void>
}

interface Around {
  readonly clock: Clock
  readonly report: (sentence: string) => void
}

export async function startWitness(config: WitnessConfig, around: Around): Promise<RunningWitness> {
  const { data } = config
  // Two with one memory would each forget what the other answered.
  const lock = await lockFolder(data)
  try {
    return await startLocked(config, { ...around, lock })
  } catch (fault) {
    await lock.release()
    throw fault
  }
}

async function startLocked(
  { cosigner, data, keys, listen, tls }: WitnessConfig,
  { clock, lock, report }: Around & { readonly lock: FolderLock },
): Promise<RunningWitness> {
  const memory = await openWitnessFolder(data)
  const listener = makeWitnessListener({
    tls,
    ...witnessDesks({ cosigner, keys, memory, clock, alarm: report }),
    contradictions: () => memory.contradictions(),
    report: rarely(report),
  })
  listener.listen(listen.port, listen.host)
  await once(listener, 'listening').catch(async (fault: unknown) => {
    await memory.close()
    throw fault
  })
  const { port } = listener.address() as AddressInfo
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return {
    url: new URL(`https://${host}:${String(port)}`),
    memory,
    async close() {
      const closed = once(listener, 'close')
      listener.close()
      listener.closeIdleConnections()
      const cutting = setTimeout(() => {
        listener.closeAllConnections()
      }, 1000)
      await closed
      clearTimeout(cutting)
      await memory.close()
      await lock.release()
    },
  }
}

const SAME_MS = 60_000

/** What goes wrong for one stranger goes wrong for all of them: told once a minute, not once a request. */
function rarely(report: (sentence: string) => void): (fault: unknown) => void {
  let told = { why: '', at: 0 }
  return (fault) => {
    const why = fault instanceof Error ? fault.message : 'a thrown value'
    const at = performance.now()
    if (why === told.why && at - told.at < SAME_MS) return
    told = { why, at }
    report(`a fault while answering: ${why}`)
  }
}
