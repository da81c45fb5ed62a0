/**
 * Every revocation list that takes effect becomes leaves of the registry, by its content: years later it can be shown which
 * certificates a decision held for revoked. In the background: no request waits for it.
 */
import { RevocationListRefused, type RevocationList } from '../certs/revocation-list.ts'
import { piecesOf } from '../gateway/registry/pieces.ts'
import { appendAll, type RegistryWriter } from '../gateway/registry/publish.ts'
import type { OpenedIdentity } from './open-identity.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

/** A list is noticed by the request that uses it; on a quiet day, by this. */
const LOOK_MS = 1000

/**
 * Resolves once the list of this start is on record. Throws `RevocationListRefused` where the registry has a newer one: an old
 * file put back while the gateway stood still would give revoked certificates their standing back.
 */
export async function archiveRevocations(
  registry: RegistryWriter,
  identity: Pick<OpenedIdentity, 'revocationList' | 'onRevocationList'>,
  report: Report,
): Promise<{ stop(): Promise<void> }> {
  let stopped = false
  let last = Promise.resolve()
  const first = identity.revocationList()
  if (first !== undefined) {
    refuseOlder(registry, first)
    await record(registry, first)
  }

  // One after the other, so that the pieces of two lists never mix.
  function archive(list: RevocationList): void {
    last = last
      .then(() => (stopped ? undefined : record(registry, list)))
      .catch((fault: unknown) => {
        report(`revocation list ${String(list.number)} could not be archived: ${String(fault)}`)
      })
  }

  identity.onRevocationList(archive)
  // One that took effect while the first was being recorded.
  const second = identity.revocationList()
  if (second !== undefined && second !== first) archive(second)
  const timer = setInterval(() => identity.revocationList(), LOOK_MS).unref()
  return {
    async stop() {
      clearInterval(timer)
      await last
      stopped = true
    },
  }
}

function refuseOlder({ view, sha256 }: RegistryWriter, list: RevocationList): void {
  const newest = [...view.revocations.keys()].reduce((a, b) => Math.max(a, b), 0)
  const rival = view.revocations.get(list.number)
  if (list.number >= newest && (rival === undefined || rival === sha256(textOf(list)))) return
  throw new RevocationListRefused(
    'older',
    `revocation list ${String(list.number)} does not follow list ${String(newest)}, which is on record: put that one back, or take crl.pem away and publish anew (gongdao certs crl)`,
  )
}

/** Base64 of the DER: a leaf holds text. */
function textOf({ der }: RevocationList): string {
  return der.toString('base64')
}

async function record(registry: RegistryWriter, list: RevocationList): Promise<void> {
  const { number } = list
  const text = textOf(list)
  const hash = registry.sha256(text)
  if (registry.view.revocations.get(number) === hash) return
  await appendAll(registry, piecesOf('revocations', { hash, id: String(number), text }))
}
