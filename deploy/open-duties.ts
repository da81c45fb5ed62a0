/** The officers' side of a gateway: what a crash left of an erasure is finished, then the door for their commands opens. */
import { openDutyDoor } from '../adapters/duty-socket/duty-socket.ts'
import type { OpenedKeyStore } from '../adapters/key-store-sqlite/key-store-sqlite.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import type { HeadsRecord } from '../gateway/ledger/events.ts'
import type { Chance, Clock } from '../gateway/ports/clock.ts'
import type { RegistryWriter } from '../gateway/registry/publish.ts'
import type { GatewayId } from '../policies/vocabulary.ts'
import { destroyExpired } from './duties/backup-keys.ts'
import { Duties } from './duties/duties.ts'

interface Host {
  readonly data: string
  readonly instance: string
  readonly gateway: GatewayId
  readonly clock: Clock
  readonly chance: Chance
  readonly registry: RegistryWriter
  readonly keys: OpenedKeyStore
  readonly report: (sentence: string) => void
  readonly mostBackupDays?: number | undefined
}

/** Before anything else is recorded. */
export async function finishErasures(host: Host): Promise<void> {
  const finished = await new Duties({ ...host, settled: () => Promise.resolve() }).finish()
  if (finished === 0) return
  host.report(
    `${String(finished)} erasure(s) that a crash or an old key store had left unfinished are finished`,
  )
}

/** Answers what closes the door again. */
export async function openDuties(
  host: Host & { readonly ledger: Chain; readonly revocations: () => number },
): Promise<() => Promise<void>> {
  const { ledger, registry, revocations } = host
  // Entries of one chain are durable in the order of the calls: what exchanges handed in before this leaf is durable with it.
  const settled = (): Promise<unknown> => {
    const { root, size } = registry.chain.head()
    const record: HeadsRecord = { registry: { root, size }, revocations: revocations(), v: 1 }
    return ledger.append({ kind: 'heads', record: JSON.stringify(record), finishes: true })
  }
  const duties = new Duties({ ...host, settled })
  const expiring = expireBackups(host)
  try {
    await duties.recordOfficers()
    const door = await openDutyDoor(host.data, (conversation) => duties.talk(conversation))
    return () => {
      expiring.stop()
      return door.close()
    }
  } catch (fault) {
    host.report(
      `officers' commands can't reach this gateway: ${fault instanceof Error ? fault.message : 'a thrown value'}. Exchanges are not affected; stop the gateway to carry an order out.`,
    )
    return () => {
      expiring.stop()
      return Promise.resolve()
    }
  }
}

const LOOK_MS = 60_000

/** A backup that has expired opens to nobody, within a minute of a running gateway and at every start. */
function expireBackups({ clock, data, report }: Host): { stop(): void } {
  const look = (): void => {
    const count = destroyExpired(data, clock.now())
    if (count > 0) report(`${String(count)} backup(s) of the key store have expired`)
  }
  look()
  const timer = setInterval(look, LOOK_MS).unref()
  return {
    stop() {
      clearInterval(timer)
    },
  }
}
