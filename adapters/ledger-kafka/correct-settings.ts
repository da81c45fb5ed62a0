/** Settings of a topic that are not what the ledger relies on are set right; what somebody else has set beside them stays. */
import type { Admin, DescribeConfigResponse } from 'kafkajs'
import { ConfigResourceTypes, ConfigSource } from './kafkajs.ts'
import { ledgerTopicSettings, type LedgerTopic } from './topics.ts'

export interface Correction {
  readonly topic: string
  readonly setting: string
  readonly from: string
  readonly to: string
}

export async function correctSettings(
  admin: Admin,
  topics: readonly LedgerTopic[],
  copies: number,
): Promise<readonly Correction[]> {
  const changed: Correction[] = []
  for (const { name } of topics) {
    const found = await settingsOf(admin, name)
    const wanted = ledgerTopicSettings(copies)
    const wrong = Object.entries(wanted).filter(
      ([setting, value]) => found.all.get(setting) !== value,
    )
    if (wrong.length === 0) continue
    // What isn't named goes back to its default (KIP-133): what somebody else has set stays.
    const named = { ...Object.fromEntries(found.own), ...wanted }
    const configEntries = Object.entries(named).map(([name, value]) => ({ name, value }))
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }],
    })
    changed.push(
      ...wrong.map(([setting, to]) => ({
        topic: name,
        setting,
        from: found.all.get(setting) ?? '',
        to,
      })),
    )
  }
  return changed
}

interface Settings {
  readonly all: ReadonlyMap<string, string>
  /** Set on this topic. */
  readonly own: ReadonlyMap<string, string>
}

async function settingsOf(admin: Admin, topic: string): Promise<Settings> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
  })
  const entries = resources.flatMap(({ configEntries }) => configEntries)
  const own = entries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)
  return { all: valuesOf(entries), own: valuesOf(own) }
}

type ConfigEntry = DescribeConfigResponse['resources'][number]['configEntries'][number]

function valuesOf(entries: readonly ConfigEntry[]): ReadonlyMap<string, string> {
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
}
