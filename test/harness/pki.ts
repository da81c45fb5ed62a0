/**
 * A certification authority in memory, with real keys and signatures:
 *
 *     const pki = await makePki()
 *     const tax = await pki.issueSubsystem(SubsystemId.parse('TW/GOV/MOF/income'))
 *     https.createServer(pki.gatewayTls(), …); https.request({ ...tax, … })
 */
import { createPublicKey, randomBytes, X509Certificate } from 'node:crypto'
import { createAuthority, issueCertificate, LOCAL_HOSTS } from '../../certs/authority.ts'
import type { Authority } from '../../certs/authority.ts'
import type { Identity } from '../../certs/identity.ts'
import { generateKey } from '../../certs/keys.ts'
import type { KeyKind } from '../../certs/keys.ts'
import { readRevocationList } from '../../certs/revocation-list.ts'
import type { RevocationList } from '../../certs/revocation-list.ts'
import { signRevocationList } from '../../certs/revocation-list-signing.ts'
import type { RevocationReason } from '../../certs/revocation-list-signing.ts'
import { Revocations } from '../../certs/revocations.ts'
import { readTrust } from '../../certs/trust.ts'
import type { Trust } from '../../certs/trust.ts'
import { GatewayId, Instant } from '../../policies/vocabulary.ts'
import type { MemberId, SubsystemId } from '../../policies/vocabulary.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What `tls.connect`, `https.request` and undici's `connect` take; all PEM. `ca` is root, then issuing CA. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly ca: string[]
}

export interface IssueOptions {
  readonly notBefore?: Instant
  readonly notAfter?: Instant
  readonly organization?: string
  /** EC P-256 unless told; an RSA key takes a quarter of a second. */
  readonly key?: KeyKind
  /** DNS names and addresses; `localhost` and `127.0.0.1` unless told. */
  readonly hosts?: readonly string[]
}

export interface GatewayTls extends TlsFiles {
  readonly requestCert: true
  /** The handshake completes for everybody; who it was is decided by `identifyPeer` (design §8). */
  readonly rejectUnauthorized: false
}

export interface Pki {
  readonly authority: Authority
  readonly trust: Trust
  /** The list in force: `revoke` and `publish` replace it in place. */
  readonly revocations: Revocations
  issueSubsystem(id: SubsystemId, options?: IssueOptions): Promise<TlsFiles>
  issueMember(id: MemberId, options?: IssueOptions): Promise<TlsFiles>
  issueGateway(id: GatewayId, options?: IssueOptions): Promise<TlsFiles>
  /** Revokes a certificate (PEM) and publishes the next list; answers its PEM. */
  revoke(certificate: string, reason?: RevocationReason): Promise<string>
  /** Signs the next list and puts it in force. */
  publish(validity?: {
    readonly thisUpdate?: Instant
    readonly nextUpdate?: Instant
  }): Promise<string>
  /** Options of a TLS or HTTPS server for the gateway `TW/GOV/GONGDAO/gateway-1`. */
  gatewayTls(): GatewayTls
}

export interface PkiOptions {
  /** The moment around which everything is valid; the real one unless told. */
  readonly now?: Instant
  readonly graceMs?: number
}

export async function makePki(options: PkiOptions = {}): Promise<Pki> {
  const now = options.now ?? Instant.ofMilliseconds(Date.now())
  const authority = await createAuthority('示範政府憑證管理中心', after(now, -DAY), randomBytes)
  const trust = readTrust(authority.root.certificate, authority.issuing.certificate)
  const revoked: { serial: string; at: Instant; reason: RevocationReason }[] = []
  const revocations = new Revocations(undefined, options.graceMs ?? HOUR)
  const gateway = await issue({
    kind: 'gateway',
    id: GatewayId.of('TW', 'GOV', 'GONGDAO', 'gateway-1'),
  })
  await publish()

  async function issue(identity: Identity, how: IssueOptions = {}): Promise<TlsFiles> {
    const key = generateKey(how.key ?? 'ec')
    const order = {
      identity,
      publicKey: createPublicKey(key),
      organization: how.organization ?? '示範機關',
      hosts: how.hosts ?? (identity.kind === 'member' ? [] : LOCAL_HOSTS),
      notBefore: how.notBefore ?? after(now, -HOUR),
      notAfter: how.notAfter ?? after(now, 365 * DAY),
    }
    return {
      cert: await issueCertificate(authority.issuing, order, randomBytes),
      key,
      ca: [...trust.pem],
    }
  }

  async function publish(validity: Parameters<Pki['publish']>[0] = {}): Promise<string> {
    const text = {
      number: revocations.number + 1,
      thisUpdate: validity.thisUpdate ?? after(now, -HOUR),
      nextUpdate: validity.nextUpdate ?? after(now, 7 * DAY),
      revoked,
    }
    const pem = await signRevocationList(authority.issuing, text)
    const list: RevocationList = readRevocationList(pem, trust)
    revocations.replace(list)
    return pem
  }

  async function revoke(
    certificate: string,
    reason: RevocationReason = 'keyCompromise',
  ): Promise<string> {
    revoked.push({ serial: new X509Certificate(certificate).serialNumber, at: now, reason })
    return publish()
  }

  return {
    authority,
    trust,
    revocations,
    issueSubsystem: (id, how) => issue({ kind: 'subsystem', id }, how),
    issueMember: (id, how) => issue({ kind: 'member', id }, how),
    issueGateway: (id, how) => issue({ kind: 'gateway', id }, how),
    revoke,
    publish,
    gatewayTls: () => ({ ...gateway, requestCert: true, rejectUnauthorized: false }),
  }
}

function after(instant: Instant, milliseconds: number): Instant {
  return Instant.ofMilliseconds(instant + milliseconds)
}
