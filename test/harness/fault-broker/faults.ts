/** What is done to the next request of a kind. Each is used once; several for one kind are used in order. */

import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'

export type Api =
  | 'Produce'
  | 'Fetch'
  | 'ListOffsets'
  | 'Metadata'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'FindCoordinator'
  | 'JoinGroup'
  | 'Heartbeat'
  | 'LeaveGroup'
  | 'SyncGroup'
  | 'ApiVersions'
  | 'InitProducerId'
  | 'DescribeConfigs'

export type Fault =
  /** Done, and no word of it; the connection stays open. */
  | { readonly kind: 'lose the response' }
  /** Done, and the connection ends instead of an answer. */
  | { readonly kind: 'close after' }
  /** Not done, and no word of it. */
  | { readonly kind: 'lose the request' }
  | { readonly kind: 'close before' }
  /** Done at once, answered `ms` later. */
  | { readonly kind: 'answer late'; readonly ms: number }
  /** Done `ms` later: a slow disk. */
  | { readonly kind: 'do late'; readonly ms: number }
  /** Neither done nor answered before `until`; what comes behind on the connection waits too. */
  | { readonly kind: 'stall'; readonly until: Promise<void> }
  /** Produce only. Not done; answered with a code of Kafka's protocol. */
  | { readonly kind: 'refuse'; readonly code: number }
  /** Produce only. Not done, and answered as if it were. */
  | { readonly kind: 'lie' }

export class Script {
  readonly #next = new Map<Api, Fault[]>()

  add(api: Api, ...faults: readonly Fault[]): void {
    this.#next.set(api, [...(this.#next.get(api) ?? []), ...faults])
  }

  take(api: Api): Fault | undefined {
    return this.#next.get(api)?.shift()
  }

  clear(): void {
    this.#next.clear()
  }
}

/** False: the request is not carried out. */
export async function before(fault: Fault | undefined, socket: Duplex): Promise<boolean> {
  if (fault?.kind === 'do late') await pause(fault.ms)
  if (fault?.kind === 'stall') await fault.until
  if (fault?.kind === 'close before') socket.destroy()
  return fault?.kind !== 'close before' && fault?.kind !== 'lose the request'
}

/** False: there is no answer. */
export async function after(fault: Fault | undefined, socket: Duplex): Promise<boolean> {
  if (fault?.kind === 'answer late') await pause(fault.ms)
  if (fault?.kind === 'close after') socket.destroy()
  return fault?.kind !== 'close after' && fault?.kind !== 'lose the response'
}
