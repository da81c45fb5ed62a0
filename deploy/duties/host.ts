/** What holds keys and registry: the running gateway, or a command that has locked the folder. */
import type { OpenedKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import type { Chance, Clock } from '../../gateway/ports/clock.ts'
import type { RegistryWriter } from '../../gateway/registry/publish.ts'
import type { GatewayId } from '../../policies/vocabulary.ts'
import type { Reached } from './personal-records.ts'

export interface DutyHost {
  readonly data: string
  readonly instance: string
  readonly gateway: GatewayId
  readonly clock: Clock
  readonly chance: Chance
  readonly registry: RegistryWriter
  readonly keys: OpenedKeyStore
  /** Resolves when all that exchanges have handed to their chain by now is durable: that far. Undefined: no exchange runs. */
  readonly settled: () => Promise<Reached | undefined>
  /** No backup of the keys may live longer, days; absent: 30. */
  readonly mostBackupDays?: number | undefined
}
