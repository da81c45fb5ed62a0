/**
 * The name in a certificate (design §4): one SAN URI `urn:gongdao:{subsystem|gateway|member}:` + X-Road identifier,
 * its parts percent-encoded. There is one spelling of each; any other is not a name.
 */
import { GatewayId, Malformed, MemberId, SubsystemId } from '../policies/vocabulary.ts'

export type Identity =
  | { readonly kind: 'subsystem'; readonly id: SubsystemId }
  | { readonly kind: 'gateway'; readonly id: GatewayId }
  | { readonly kind: 'member'; readonly id: MemberId }

const PREFIX = 'urn:gongdao:'

export function identityUri(identity: Identity): string {
  return `${PREFIX}${identity.kind}:${identity.id}`
}

/** Undefined unless the text is the canonical spelling of an identity: same case, same percent-encoding. */
export function readIdentityUri(uri: string): Identity | undefined {
  const identity = uri.startsWith(PREFIX) ? parse(uri.slice(PREFIX.length)) : undefined
  return identity !== undefined && identityUri(identity) === uri ? identity : undefined
}

function parse(text: string): Identity | undefined {
  const colon = text.indexOf(':')
  try {
    return identityOf(text.slice(0, colon), text.slice(colon + 1))
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** An identity from its kind and its identifier. Throws `Malformed`. */
export function identityOf(kind: string, id: string): Identity {
  if (kind === 'subsystem') return { kind, id: SubsystemId.parse(id) }
  if (kind === 'gateway') return { kind, id: GatewayId.parse(id) }
  if (kind === 'member') return { kind, id: MemberId.parse(id) }
  throw new Malformed('subsystem, gateway or member')
}
