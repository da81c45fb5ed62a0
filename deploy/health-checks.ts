/** What is looked at in every gateway. Other parts add theirs to the same register. */
import { X509Certificate } from 'node:crypto'
import { statfsSync } from 'node:fs'
import { LedgerFault } from '../gateway/ledger/chain.ts'
import { degraded, failing, ok, type Health, type HealthFinding } from '../gateway/ports/health.ts'
import type { Clock } from '../gateway/ports/clock.ts'
import type { KafkaCertificate } from '../gateway/ports/telemetry.ts'
import type { GatewayConfig } from './config.ts'
import { HEALTH_BOUNDS, type HealthBounds } from './config/health.ts'
import { closedForConsent, consent } from './consent-check.ts'
import { addEvidenceChecks } from './evidence-checks.ts'
import type { KafkaEnd } from './kafka-certificates.ts'
import type { Core } from './open-core.ts'

export function addCoreChecks(
  health: Health,
  {
    clock,
    config,
    core,
  }: { readonly clock: Clock; readonly config: GatewayConfig; readonly core: Core },
): void {
  const bounds: HealthBounds = config.health ?? HEALTH_BOUNDS
  const isStuck = stuckSince(core)
  health.add('ledger', () => ledger(core.refusal(), isStuck()))
  health.add('disk', () => disk(config.data, bounds.diskFreeBytes))
  health.add('revocation list', () => revocationList(core, config.revocationGraceMs, clock.now()))
  health.add('consent', () => consent(closedForConsent(core, clock.now())))
  health.add('certificates', () => certificates(core, bounds.certificateWarningMs, clock.now()))
  const { kafka } = core
  if (kafka !== undefined) {
    health.add('Kafka certificates', () =>
      kafkaCertificates(kafka.ends(clock.now()), bounds.certificateWarningMs, clock.now()),
    )
  }
  addEvidenceChecks(health, { clock, core })
}

const STUCK_MS = 10_000

/** For how long records have waited while none was recorded, as far as anybody looked; milliseconds. */
function stuckSince({ backlog, ledger: chain }: Core): () => number {
  let size = -1
  let since = performance.now()
  return () => {
    const now = chain.head().size
    if (now !== size || backlog().records === 0) since = performance.now()
    size = now
    return performance.now() - since
  }
}

function ledger(refusal: Error | undefined, stuckMs: number): HealthFinding {
  if (refusal === undefined) {
    if (stuckMs < STUCK_MS) return ok('it records')
    const words = `records have waited for ${inTime(stuckMs)} and none was written`
    return failing(words, 'The disk does not answer: look at it in the system’s log.')
  }
  const { message } = refusal
  if (refusal instanceof LedgerFault) {
    return failing(message, 'The process ends by itself; start it again, it reads what is there.')
  }
  return failing(`nothing new can be recorded: ${message}`, nextStep(message))
}

/** By the sentences of gateway/ledger/waiting.ts; replication and witnesses have a line of their own. */
function nextStep(message: string): string {
  if (message.includes('disk is full')) {
    return 'Make room below the data folder; it goes on by itself within a second or two.'
  }
  if (message.includes('too much is waiting')) {
    return 'More comes than the disk writes: look at its latency, and at who asks so much.'
  }
  return 'Look at replication and witnesses in this table.'
}

function disk(folder: string, least: number): HealthFinding {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const words = `${inGiB(free)} GiB are free below the data folder`
  if (free >= least) return ok(words)
  return degraded(
    `${words}, fewer than ${inGiB(least)}`,
    'Make room, or give the data folder a larger disk. When it is full no exchange passes.',
  )
}

const PUBLISH = 'Publish a new list (gongdao certs crl) and put it in place as certs/crl.pem.'

function revocationList(core: Core, graceMs: number, now: number): HealthFinding {
  const list = core.identity.revocationList()
  if (list === undefined) return failing('there is no revocation list', PUBLISH)
  const { nextUpdate, number } = list
  const fault = core.identity.revocationListFault()
  const name = `${fault === undefined ? '' : `its file can't be used: ${fault}; `}list ${String(number)}`
  if (now <= nextUpdate) {
    const words = `${name}; the next is due in ${inTime(nextUpdate - now)}`
    return fault === undefined ? ok(words) : degraded(words, PUBLISH)
  }
  const late = `${name} should have been followed ${inTime(now - nextUpdate)} ago`
  const left = nextUpdate + graceMs - now
  if (left < 0)
    return failing(`${late}; every certificate is refused until there is a new one`, PUBLISH)
  return degraded(`${late}; in ${inTime(left)} every certificate is refused`, PUBLISH)
}

function certificates(core: Core, warningMs: number, now: number): HealthFinding {
  const { tls, trust } = core.identity
  const own = new X509Certificate(tls.cert)
  const ends = [
    { name: 'the certificate of the gateway', at: own.validToDate.getTime() },
    { name: 'the CA', at: trust.notAfter },
  ]
  const [first] = ends.sort((a, b) => a.at - b.at)
  if (first === undefined) return ok('none')
  const next = `Renew ${first.name}, put the new one in its place and send SIGHUP.`
  if (now > first.at) return failing(`${first.name} ended ${inTime(now - first.at)} ago`, next)
  const words = `${first.name} ends in ${inTime(first.at - now)}`
  return first.at - now < warningMs ? degraded(words, next) : ok(words)
}

/** By the members of the configuration that name their files. */
const IN_CONFIGURATION: Readonly<Record<KafkaCertificate, string>> = {
  writer: 'the certificate of replication.writer',
  'writer-authorities': 'the last authority that replication.writer trusts',
  reader: 'the certificate of replication.reader',
  'reader-authorities': 'the last authority that replication.reader trusts',
}

/** Never failing: open connections go on, and `replication` says when so much waits that nothing new is taken. */
function kafkaCertificates(
  ends: readonly KafkaEnd[],
  warningMs: number,
  now: number,
): HealthFinding {
  const soon = ends.filter(({ at }) => at === undefined || at - now < warningMs)
  if (soon.length === 0) {
    const first = Math.min(...ends.map(({ at = Infinity }) => at))
    return ok(
      first === Infinity ? 'none is used' : `the first of them ends in ${inTime(first - now)}`,
    )
  }
  const words = soon.map(({ at, certificate }) => {
    const name = IN_CONFIGURATION[certificate]
    if (at === undefined) return `${name} can’t be read, or is not in force yet`
    return at < now
      ? `${name} ended ${inTime(now - at)} ago`
      : `${name} ends in ${inTime(at - now)}`
  })
  return degraded(words.join('; '), RENEW_FOR_KAFKA)
}

const RENEW_FOR_KAFKA =
  'Have it renewed by who runs the log servers, put it in its place (an authority beside the old one) and send SIGHUP.'

function inGiB(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1)
}

function inTime(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 2) return `${String(Math.floor(milliseconds / 1000))} s`
  if (minutes < 120) return `${String(minutes)} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${String(hours)} h` : `${String(Math.floor(hours / 24))} d`
}
