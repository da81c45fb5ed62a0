/**
 * Every revocation list that takes effect becomes leaves of the registry, by its content: years later it can be shown which
 * certificates a decision held for revoked. In the background: no request waits for it.
 */
import type { RevocationList } from '../certs/revocation-list.ts'
import { piecesOf } from '../gateway/registry/pieces.ts'
import { appendAll, type RegistryWriter } from '../gateway/registry/publish.ts'
import type { OpenedIdentity } from './open-identity.ts'

/** A list is noticed by the request that uses it; on a quiet day, by this. */
const LOOK_MS = 1000

/** Resolves once the list of this start is on record. */
export async function archiveRevocations(
  registry: RegistryWriter,
  identity: Pick<OpenedIdentity, 'revocationList' | 'onRevocationList'>,
  report: (sentence: string) => void,
): Promise<{ stop(): Promise<void> }> {
  let stopped = false
  let last = Promise.resolve()

  // One after the other, so that the pieces of two lists never mix.
  function archive(list: RevocationList): void {
    last = last
      .then(() => (stopped ? undefined : record(registry, list)))
      .catch((fault: unknown) => {
        report(`revocation list ${String(list.number)} could not be archived: ${String(fault)}`)
      })
  }

  identity.onRevocationList(archive)
  const first = identity.revocationList()
  if (first !== undefined) await record(registry, first)
  const timer = setInterval(() => identity.revocationList(), LOOK_MS).unref()
  return {
    async stop() {
      clearInterval(timer)
      await last
      stopped = true
    },
  }
}

/** Base64 of the DER: a leaf holds text. */
async function record(registry: RegistryWriter, { der, number }: RevocationList): Promise<void> {
  const text = der.toString('base64')
  const hash = registry.sha256(text)
  if (registry.view.revocations.get(number) === hash) return
  await appendAll(registry, piecesOf('revocations', { hash, id: String(number), text }))
}
