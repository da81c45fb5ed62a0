/** The officers' side of a gateway: what a crash left of an erasure is finished, then the door for their commands opens. */
import { openDutyDoor } from '../adapters/duty-socket/duty-socket.ts'
import type { Chain } from '../gateway/ledger/entry.ts'
import type { HeadsRecord } from '../gateway/ledger/events.ts'
import { destroyExpired } from './duties/backup-keys.ts'
import { Duties } from './duties/duties.ts'
import type { DutyHost } from './duties/host.ts'
import type { Reached } from './duties/personal-records.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

type Host = Omit<DutyHost, 'settled'> & { readonly report: Report }

/** Before anything else is recorded. */
export async function finishErasures(host: Host): Promise<void> {
  const finished = await new Duties({ ...host, settled: () => Promise.resolve(undefined) }).finish()
  if (finished === 0) return
  host.report(
    `${String(finished)} erasure(s) that a crash or an old key store had left unfinished are finished`,
    'nobody',
  )
}

/** Answers what closes the door again. */
export async function openDuties(
  host: Host & { readonly ledger: Chain; readonly revocations: () => number },
): Promise<() => Promise<void>> {
  const { ledger, registry, revocations } = host
  // Entries of one chain are durable in the order of the calls: what exchanges handed in before this leaf is durable with it.
  const settled = async (): Promise<Reached> => {
    const { root, size } = registry.chain.head()
    const record: HeadsRecord = { registry: { root, size }, revocations: revocations(), v: 1 }
    const heads = { kind: 'heads', record: JSON.stringify(record), finishes: true } as const
    const { index } = await ledger.append(heads)
    return { chain: ledger.origin, size: index + 1 }
  }
  const duties = new Duties({ ...host, settled })
  const upkeep = await keepUp(host, duties)
  try {
    const door = await openDutyDoor(host.data, (conversation) => duties.talk(conversation))
    return async () => {
      const stopped = upkeep.stop()
      // Before it is waited for: it may stand behind an order whose officer does not answer.
      await door.close()
      await stopped
    }
  } catch (fault) {
    host.report(
      `officers' commands can't reach this gateway: ${wordsOf(fault)}. Exchanges are not affected; stop the gateway to carry an order out.`,
    )
    return () => upkeep.stop()
  }
}

const LOOK_MS = 60_000

/** At every start and each minute: no fault of it may end a gateway, and each is told once until it changes. */
async function keepUp(
  { clock, data, report }: Host,
  duties: Duties,
): Promise<{ stop(): Promise<void> }> {
  const told = new Map<string, string>()
  const attempt = async (what: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work()
      told.delete(what)
    } catch (fault) {
      const sentence = `${what}: ${wordsOf(fault)}. It is tried again each minute.`
      if (told.get(what) !== sentence) report(sentence, 'today')
      told.set(what, sentence)
    }
  }
  const look = async (): Promise<void> => {
    // A backup that has expired opens to nobody, whatever else fails.
    await attempt("expired backups' keys can't be destroyed", () => {
      const count = destroyExpired(data, clock.now())
      if (count > 0) report(`${String(count)} backup(s) of the key store have expired`, 'nobody')
    })
    await attempt("the officers' list or an order that broke off can't be recorded", () =>
      duties.keepUp(),
    )
  }
  let looking = look()
  await looking
  const timer = setInterval(() => {
    looking = look()
  }, LOOK_MS).unref()
  return {
    stop() {
      clearInterval(timer)
      return looking
    },
  }
}

function wordsOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'a thrown value'
}
