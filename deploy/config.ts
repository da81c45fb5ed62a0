/** What a gateway is told before it starts. Addresses are configuration, not law: who answers there is checked by certificate. */
import { createHash } from 'node:crypto'
import type { Limits } from '../gateway/http/limits.ts'
import { canonicalJson } from '../policies/canonical-json.ts'
import { Digest } from '../policies/vocabulary.ts'
import type { GatewayId, ServiceId, SubsystemId } from '../policies/vocabulary.ts'
import type { Admission } from './config/admission.ts'
import type { HealthSection } from './config/health.ts'
import type { Keys } from './config/keys.ts'
import type { RegistrarSection } from './config/registrar.ts'
import type { ReplicationConfig } from './config/replication.ts'
import type { Stop } from './config/stop.ts'
import type { ArchiveSection } from './config/archive.ts'
import type { Timestamps } from './config/timestamps.ts'
import type { Witnesses } from './config/witnesses.ts'
import type { TelemetrySection } from './config/telemetry.ts'

/** The data folder where none is named. */
export const DATA_DEFAULT = '.gongdao'

export interface GatewayConfig {
  /** All state stands below this folder. */
  readonly data: string
  /** X-Road instance, first part of every identifier and of every chain's name. */
  readonly instance: string
  readonly gateway: GatewayId
  readonly listen: { readonly host: string; readonly port: number }
  /** Base URLs of the providers' systems. */
  readonly addresses: ReadonlyMap<ServiceId | SubsystemId, URL>
  /** Accept the synthetic identifiers of demo and tests; never true where real people are asked about. */
  readonly syntheticIds: boolean
  /** How long a revocation list is used after its next update was due, milliseconds. */
  readonly revocationGraceMs: number
  /** How many exchanges of this process are remembered for receipts. */
  readonly rememberedExchanges: number
  readonly limits?: Partial<Limits>
  /** Where findings of the rules' gate are kept; absent: `<data>/cache`. */
  readonly cache?: string
  readonly stop?: Stop
  /** Absent: backups of persons' keys expire after 30 days at the most. */
  readonly keys?: Keys
  /** Absent: this process writes the registry, for itself alone. */
  readonly registrar?: RegistrarSection
  readonly replication?: ReplicationConfig
  /** Absent: the ledger is not time-stamped. */
  readonly timestamps?: Timestamps
  /** Absent: the high-water mark of the ledger stands beside the keys. */
  readonly archive?: ArchiveSection
  /** Absent: checkpoints are published, and nobody cosigns them. */
  readonly witnesses?: Witnesses
  /** Absent: nobody's requests are counted; places and breakers as ADMISSION says. */
  readonly admission?: Admission
  /** Absent: nothing listens; what is wrong is still in `RunningGateway.health`. */
  readonly health?: HealthSection
  /** Absent: nothing is measured; what an operator must know goes to standard error. */
  readonly telemetry?: TelemetrySection
}

export interface DataFolders {
  readonly certs: string
  readonly documents: string
  readonly keys: string
  readonly cache: string
}

export function foldersOf(data: string): DataFolders {
  return {
    certs: `${data}/certs`,
    documents: `${data}/documents`,
    keys: `${data}/keys`,
    cache: `${data}/cache`,
  }
}

/** SHA-256 of what bears on a decision; addresses and limits don't. */
export function configurationDigest(config: GatewayConfig): Digest {
  const { instance, gateway, syntheticIds, revocationGraceMs } = config
  const text = canonicalJson({ instance, gateway, syntheticIds, revocationGraceMs })
  return Digest.parse(createHash('sha256').update(text).digest('base64url'))
}
