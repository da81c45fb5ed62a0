/**
 * SIGHUP: certificates, keys, revocation list and documents are read again, all or nothing. What can't be used is told at once, in
 * full, and leaves everything as it was. What is good takes force for the next request: a new manifest in the registry, and new TLS
 * contexts for connections that come from now on.
 */
import type { Server } from 'node:https'
import type { RestProvider } from '../adapters/provider-rest/rest-provider.ts'
import { renewTls } from '../gateway/http/exchange-listener.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import { degraded, ok, type Health } from '../gateway/ports/health.ts'
import type { Core } from './open-core.ts'
import type { Report } from '../gateway/ports/telemetry.ts'

export type Reload = () => Promise<Reloaded>

export type Reloaded =
  | { readonly kind: 'reloaded'; readonly documentsChanged: boolean }
  /** Everything is as it was. */
  | { readonly kind: 'refused'; readonly why: string }

export function makeReload(parts: {
  readonly core: Core
  readonly clock: Clock
  readonly health: Health
  readonly listener: Server
  readonly provider: RestProvider
  readonly report: Report
}): Reload {
  const { clock, core, health, listener, provider, report } = parts
  health.add('reload', () => ok('what stands in the files when it was last read is in use'))

  async function readAgain(): Promise<Reloaded> {
    const identity = core.identity.readAgain(clock.now())
    const documents = core.law.readAgain()
    const kafka = core.kafka?.readAgain(clock.now())
    // The only step that can still fail: what is not on record does not take force, and neither does the rest.
    const documentsChanged = await documents()
    const before = core.identity.tls
    const tls = identity()
    kafka?.()
    if (tls.cert !== before.cert || tls.key !== before.key) {
      renewTls(listener, tls)
      provider.renew(tls)
    }
    return { kind: 'reloaded', documentsChanged }
  }

  return async () => {
    const reloaded = await readAgain().catch((fault: unknown): Reloaded => {
      return { kind: 'refused', why: fault instanceof Error ? fault.message : String(fault) }
    })
    if (reloaded.kind === 'reloaded') {
      const documents = reloaded.documentsChanged
        ? 'a new manifest is in force'
        : 'no document changed'
      health.add('reload', () => ok(`read again, all of it; ${documents}`))
      report(
        `SIGHUP: certificates, keys, revocation list and documents were read again; ${documents}`,
        'nobody',
      )
    } else {
      const { why } = reloaded
      health.add('reload', () => degraded(`refused, all is as before: ${inOneLine(why)}`, MEND))
      report(`SIGHUP: nothing was changed. ${why}`)
    }
    return reloaded
  }
}

function inOneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, '; ')
}

const MEND = 'Mend what is named and send SIGHUP again; a restart instead would not help.'
