/** What each gateway of a simulated world is told: who it is, how durable its replies are, who writes its registry. */
import type { GatewayConfig } from '../../deploy/config.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import type { LogSigner } from '../../gateway/ledger/signer.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { testSigner } from '../harness/memory-ledger.ts'

export const DATA = '/simulated'
/** The smallest that a journal may have: a story is short. */
export const SEGMENT_BYTES = 256 * 1024
/** Of the gateways that share a registry. */
const SHARED = 'S'
const NOWHERE = { host: '127.0.0.1', port: 0 }

/** What a reply waits for at each gateway; undefined: its ledger stands in its journal alone. */
const DURABILITY = ['journal', 'replicated', undefined] as const

export interface Place {
  /** Of the gateway among the three. */
  readonly number: number
  /** Who writes the registry of all three; undefined: each has an instance and a registry of its own. */
  readonly registrar: number | undefined
}

export function configOf(place: Place): GatewayConfig {
  const { number, registrar } = place
  const durability = DURABILITY[number]
  return {
    ...(durability !== undefined && { replication: replicationOf(durability) }),
    ...(registrar !== undefined && { registrar: registrarOf(number, registrar) }),
    data: DATA,
    instance: instanceOf(place),
    gateway: gatewayOf(place),
    listen: NOWHERE,
    addresses: new Map(),
    syntheticIds: true,
    revocationGraceMs: 3_600_000,
    rememberedExchanges: 1000,
  }
}

/** By the key that writes the registry, which a gateway that follows another has as well and never uses, and by its own. */
export function signersOf({ number }: Place): Record<'registrar' | 'gateway', LogSigner> {
  return { registrar: testSigner(2 * number + 1), gateway: testSigner(2 * number + 2) }
}

/** What a verifier of one gateway's ledger pins. */
export function keysTextOf(place: Place): string {
  const { gateway } = signersOf(place)
  const { number, registrar = number } = place
  const own = `${instanceOf(place)}/exchange/${gatewayOf(place)}`
  return [registryKey(instanceOf(place), registrar), vkeyText(own, gateway.publicKey)].join('\n')
}

/** Of the three, who have witnesses: those whose ledger stands in their journal alone. */
export function hasWitnesses({ number }: Place): boolean {
  return DURABILITY[number] === undefined
}

function instanceOf({ number, registrar }: Place): string {
  return registrar === undefined ? `S${number}` : SHARED
}

function gatewayOf(place: Place): GatewayId {
  const server = place.registrar === undefined ? 1 : place.number + 1
  return GatewayId.parse(`${instanceOf(place)}/GOV/GONGDAO/gateway-${server}`)
}

function registryKey(instance: string, registrar: number): string {
  const { publicKey } = signersOf({ number: registrar, registrar }).registrar
  return vkeyText(`${instance}/registry`, publicKey)
}

function registrarOf(number: number, registrar: number): NonNullable<GatewayConfig['registrar']> {
  if (number === registrar) return { listen: NOWHERE }
  return {
    url: new URL('https://127.0.0.1:1'),
    gateway: gatewayOf({ number: registrar, registrar }),
    key: registryKey(SHARED, registrar),
  }
}

function replicationOf(
  durability: 'journal' | 'replicated',
): NonNullable<GatewayConfig['replication']> {
  return {
    ...{ durability, brokers: ['simulated:9092'], prefix: 'simulated', partitions: 1, copies: 1 },
    ...{ writer: {}, reader: {}, readBackMs: 10_000 },
    backlog: { records: 10_000, bytes: 10_000_000 },
  }
}
