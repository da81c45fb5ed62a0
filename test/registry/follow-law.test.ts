/** What a gateway obeys of a registry that another one writes: what its manifest names, by digest, under the rules that it has itself. */
import { expect, test } from '@jest/globals'
import { readRuleSet } from '../../adapters/documents-folder/read-rule-set.ts'
import { followLaw } from '../../deploy/follow-law.ts'
import type { GatewayConfig } from '../../deploy/config.ts'
import type { OpenedFollowedRegistry } from '../../deploy/open-followed-registry.ts'
import { systemChance, systemClock } from '../../deploy/system.ts'
import { RegistryView } from '../../gateway/projections/registry-view.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import type { Digest } from '../../policies/vocabulary.ts'
import { GATE_CACHE } from '../harness/gate-cache.ts'
import { at } from '../harness/small-registry.ts'

const RULES = readRuleSet(documentCrypto.sha256).hash
const { sha256 } = documentCrypto

function registry() {
  const view = new RegistryView()
  const listeners: (() => Promise<void> | void)[] = []
  let size = 0
  const put = (kind: 'document' | 'manifest', record: object): void => {
    view.take(size, kind, { ...record, part: 1, parts: 1, v: 1 })
    size += 1
  }
  const manifest = async (
    documents: readonly { hash: Digest; id: string }[],
    rules = RULES,
  ): Promise<void> => {
    put('manifest', { at, documents, engine: { name: 'e', version: '1' }, number: 1, rules })
    for (const listener of listeners) await listener()
  }
  const followed = {
    view,
    chain: { head: () => ({ size }) },
    onManifest: (listener: (typeof listeners)[number]) => listeners.push(listener),
  } as unknown as OpenedFollowedRegistry
  return { followed, put, manifest }
}

function follow(followed: OpenedFollowedRegistry, reports: string[] = []) {
  return followLaw({ cache: GATE_CACHE } as GatewayConfig, followed, {
    clock: systemClock(),
    chance: systemChance(),
    onGateProgress: () => undefined,
    report: (sentence) => reports.push(sentence),
  })
}

test('nothing takes force before a manifest, and none under other rules than the program has', async () => {
  const { followed, manifest } = registry()
  await expect(follow(followed)).rejects.toThrow('nothing in force yet')
  await manifest([], sha256('other rules'))
  await expect(follow(followed)).rejects.toThrow('install the same')
})

test('a text under another’s digest, and one that is not there, stop the start', async () => {
  for (const text of [undefined, '{"member": "another"}']) {
    const { followed, manifest, put } = registry()
    const named = { hash: sha256('{}'), id: 'members/one.json' }
    if (text !== undefined) put('document', { ...named, text })
    await manifest([named])
    await expect(follow(followed)).rejects.toThrow('not on record under the digest')
  }
})

test('a manifest that can’t be obeyed leaves the one before in force, and says why until one can', async () => {
  const { followed, manifest } = registry()
  const reports: string[] = []
  await manifest([])
  const law = await follow(followed, reports)
  expect([law.inForce().manifest, law.trouble()]).toEqual([0, undefined])
  await manifest([{ hash: sha256('gone'), id: 'members/one.json' }])
  expect(law.inForce().manifest).toBe(0)
  expect(law.trouble()).toContain('members/one.json is not on record')
  expect(reports).toEqual([law.trouble()])
  await manifest([])
  expect([law.inForce().manifest, law.trouble()]).toEqual([2, undefined])
})
