/**
 * Which lane a chain is on, for ever: the registry on its own; all exchange chains of one gateway on one partition, so that a chain
 * stands behind its predecessor, and a second process of the same name cannot be anywhere else.
 */
import { hash } from 'node:crypto'
import type { Lane } from '../ports/log-transport.ts'

export function laneOf(origin: string, partitions: number): Lane {
  if (isRegistry(origin)) return { topic: 'registry', partition: 0 }
  const gateway = gatewayIn(origin)
  if (gateway === undefined) throw new RangeError('not the name of a registry or exchange chain')
  const partition = hash('sha256', gateway, 'buffer').readUInt32BE(0) % partitions
  return { topic: 'exchange', partition }
}

/** `<instance>/exchange/<gateway>` of an exchange chain's name. */
export function gatewayIn(origin: string): string | undefined {
  return /^([^/]+\/exchange\/.+)\/[1-9][0-9]{0,14}$/.exec(origin)?.[1]
}

export function isRegistry(origin: string): boolean {
  return /^[^/]+\/registry$/.test(origin)
}

export function nameOf({ partition, topic }: Lane): string {
  return `${topic}/${String(partition)}`
}
