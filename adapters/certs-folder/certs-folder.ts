/**
 * The certification authority of one instance, kept in a folder: root and issuing CA, the index of what was issued, the
 * revocation list. One registrar works on it at a time; gateways only read `root.crt`, `issuing.crt` and `crl.pem`.
 */
import { createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority, issueCertificate } from '../../certs/authority.ts'
import type { CertificateOrder } from '../../certs/authority.ts'
import { signCsr } from '../../certs/enrolment.ts'
import { identityUri } from '../../certs/identity.ts'
import type { Identity } from '../../certs/identity.ts'
import { generateKey } from '../../certs/keys.ts'
import type { KeyKind } from '../../certs/keys.ts'
import { bundle } from '../../certs/pkcs12.ts'
import { readRevocationList } from '../../certs/revocation-list.ts'
import type { RevocationList } from '../../certs/revocation-list.ts'
import { signRevocationList } from '../../certs/revocation-list-signing.ts'
import type { RevocationReason } from '../../certs/revocation-list-signing.ts'
import type { KeyedCertificate, RandomBytes } from '../../certs/sign-certificate.ts'
import { readTrust } from '../../certs/trust.ts'
import type { Trust } from '../../certs/trust.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { makeFolder, replaceFile } from './durable-file.ts'
import { appendEntry, readIndex } from './issued-index.ts'
import type { IndexEntry } from './issued-index.ts'
import { layoutOf, safeName } from './layout.ts'
import type { Layout } from './layout.ts'

/** Something the registrar asked for that can't be done; the message says what to do instead. */
export class CertsFolderFault extends Error {
  override readonly name = 'CertsFolderFault'
}

export type Order = Omit<CertificateOrder, 'publicKey'>

export interface Issued {
  readonly serial: string
  readonly uri: string
  readonly notAfter: Instant
  /** Paths; `key` and `p12` only where we made the key. */
  readonly files: { readonly certificate: string; readonly key?: string; readonly p12?: string }
}

const DAY = 86_400_000

export class CertsFolder {
  readonly layout: Layout
  readonly trust: Trust
  readonly #randomBytes: RandomBytes

  private constructor(layout: Layout, randomBytes: RandomBytes) {
    this.layout = layout
    this.trust = readTrust(read(layout.rootCertificate), read(layout.issuingCertificate))
    this.#randomBytes = randomBytes
  }

  static exists(folder: string): boolean {
    return existsSync(layoutOf(folder).issuingCertificate)
  }

  /** Makes root, issuing CA and the first, empty revocation list. Throws `CertsFolderFault` where there are some. */
  static async init(
    folder: string,
    founding: { readonly organization: string; readonly now: Instant; readonly listDays: number },
    randomBytes: RandomBytes,
  ): Promise<CertsFolder> {
    const layout = layoutOf(folder)
    if (existsSync(layout.rootCertificate)) {
      throw new CertsFolderFault(`${folder} already holds a certification authority`)
    }
    makeFolder(layout.issued)
    // Valid from an hour ago: the first peer's clock may be behind ours.
    const from = Instant.ofMilliseconds(founding.now - 3_600_000)
    const { root, issuing } = await createAuthority(founding.organization, from, randomBytes)
    replaceFile(layout.rootKey, root.key, 0o600)
    replaceFile(layout.issuingKey, issuing.key, 0o600)
    replaceFile(layout.issuingCertificate, issuing.certificate, 0o644)
    // Last, since it is what says that there is an authority: after a crash before this line `init` starts again.
    replaceFile(layout.rootCertificate, root.certificate, 0o644)
    const certs = new CertsFolder(layout, randomBytes)
    await certs.publish(founding.now, founding.listDays)
    return certs
  }

  /** Throws `CertsFolderFault` where there is no authority, `TrustBroken` where its certificates don't fit. */
  static open(folder: string, randomBytes: RandomBytes): CertsFolder {
    const layout = layoutOf(folder)
    if (!existsSync(layout.rootCertificate)) {
      throw new CertsFolderFault(
        `${folder} holds no certification authority; make one with: gongdao certs init`,
      )
    }
    return new CertsFolder(layout, randomBytes)
  }

  /** A new key and its certificate; with `p12Password` also both as one PKCS #12 file. */
  async issue(
    order: Order,
    how: { readonly key: KeyKind; readonly p12Password?: string; readonly now: Instant },
  ): Promise<Issued> {
    const key = generateKey(how.key)
    const publicKey = createPublicKey(key)
    const certificate = await issueCertificate(
      this.#issuing(),
      { ...order, publicKey },
      this.#randomBytes,
    )
    const p12 =
      how.p12Password === undefined
        ? undefined
        : this.#bundle({ certificate, key }, { name: order.identity.id, password: how.p12Password })
    const issued = this.#record(certificate, order.identity, how.now)
    const files = this.#filesOf(order.identity)
    replaceFile(files.key, key, 0o600)
    replaceFile(files.certificate, certificate, 0o644)
    if (p12 === undefined)
      return { ...issued, files: { certificate: files.certificate, key: files.key } }
    replaceFile(files.p12, p12, 0o600)
    return { ...issued, files }
  }

  /** A certificate for a key that stays where it was made. Throws `RequestRefused`. */
  async signCsr(csrPem: string, order: Order, now: Instant): Promise<Issued> {
    const certificate = await signCsr(this.#issuing(), csrPem, order, this.#randomBytes)
    const issued = this.#record(certificate, order.identity, now)
    const files = this.#filesOf(order.identity)
    replaceFile(files.certificate, certificate, 0o644)
    return { ...issued, files: { certificate: files.certificate } }
  }

  /** Takes back one certificate and publishes the next list. */
  async revoke(
    serial: string,
    why: { readonly reason: RevocationReason; readonly now: Instant; readonly listDays: number },
  ): Promise<RevocationList> {
    const entry = this.entries().find((one) => one.serial === serial)
    if (entry === undefined)
      throw new CertsFolderFault(`no certificate with the serial number ${serial} was issued here`)
    if (entry.status === 'revoked')
      throw new CertsFolderFault(`certificate ${serial} is revoked already`)
    // Recorded first: if we crash before the list is signed, the next `publish` carries it.
    appendEntry(this.layout.index, { ...entry, status: 'revoked', reason: why.reason, at: why.now })
    return this.publish(why.now, why.listDays)
  }

  /** Signs the next revocation list from the index and puts it in place at once. */
  async publish(now: Instant, listDays: number): Promise<RevocationList> {
    const revoked = this.entries()
      // An expired certificate is refused for that; leaving it out keeps the list short (RFC 5280 §3.3).
      .filter((entry) => entry.notAfter >= now)
      .flatMap(({ serial, at, reason }) => (reason === undefined ? [] : [{ serial, at, reason }]))
    const pem = await signRevocationList(this.#issuing(), {
      number: (this.revocationList()?.number ?? this.#numberBefore(now)) + 1,
      thisUpdate: now,
      nextUpdate: Instant.ofMilliseconds(now + listDays * DAY),
      revoked,
    })
    // Read back before anybody relies on it.
    const list = readRevocationList(pem, this.trust)
    replaceFile(this.layout.revocationList, pem, 0o644)
    return list
  }

  /** The published list; undefined before the first. */
  revocationList(): RevocationList | undefined {
    const path = this.layout.revocationList
    return existsSync(path) ? readRevocationList(read(path), this.trust) : undefined
  }

  /** Everything that was issued, in order of issue, with what became of it. */
  entries(): IndexEntry[] {
    return readIndex(this.layout.index)
  }

  /**
   * Where the list was lost, its number is lost as well, and gateways refuse one that goes back: the seconds since 1970
   * are higher than any number that was reached by counting.
   */
  #numberBefore(now: Instant): number {
    return existsSync(this.layout.index) ? Math.floor(now / 1000) : 0
  }

  #record(certificate: string, identity: Identity, now: Instant): Omit<Issued, 'files'> {
    this.#refuseAnothersFiles(identity)
    const read = new X509Certificate(certificate)
    const issued = {
      serial: serialOf(read),
      uri: identityUri(identity),
      notAfter: Instant.ofMilliseconds(read.validToDate.getTime()),
    }
    appendEntry(this.layout.index, { ...issued, status: 'good', at: now })
    return issued
  }

  /** Some file systems take `mof` and `MOF` for one name; X-Road does not. */
  #refuseAnothersFiles(identity: Identity): void {
    const { certificate } = this.#filesOf(identity)
    if (!existsSync(certificate)) return
    const serial = serialOf(new X509Certificate(read(certificate)))
    const holder = this.entries().find((entry) => entry.serial === serial)
    if (holder !== undefined && holder.uri !== identityUri(identity)) {
      throw new CertsFolderFault(
        `${certificate} is the certificate of ${holder.uri}; move it away first`,
      )
    }
  }

  #filesOf(identity: Identity): Record<'certificate' | 'key' | 'p12', string> {
    const base = join(this.layout.issued, safeName(identity))
    return { certificate: `${base}.crt`, key: `${base}.key`, p12: `${base}.p12` }
  }

  #bundle(leaf: KeyedCertificate, how: { name: string; password: string }): Buffer {
    const [root, issuing] = this.trust.pem
    const friendlyName = decodeURIComponent(how.name)
    return bundle(
      { leaf, chain: [issuing, root], friendlyName, password: how.password },
      this.#randomBytes,
    )
  }

  #issuing(): KeyedCertificate {
    return { certificate: read(this.layout.issuingCertificate), key: read(this.layout.issuingKey) }
  }
}

/** As the index and `Peer` have it: lower case, no leading zeros. */
function serialOf(certificate: X509Certificate): string {
  return certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, '')
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}
