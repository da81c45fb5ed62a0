/**
 * Who may speak to the local Kafka, and with what: a folder with a certification authority of its own, a certificate for
 * each role (mutual TLS) and a password for each role (SCRAM). Made once, read by everybody who connects.
 *
 *     broker      the brokers among themselves; super user
 *     admin       sets up topics and ACLs (`gongdao kafka init`); super user
 *     gateway     writes the ledger
 *     read-back   reads what the gateway wrote, with a principal of its own
 *     auditor     reads everything, writes nothing
 *     stranger    has a good certificate and no right at all
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CertsFolder } from '../../../adapters/certs-folder/certs-folder.ts'
import { kafkaPrincipal } from '../../../adapters/ledger-kafka/principal.ts'
import { LOCAL_HOSTS } from '../../../certs/authority.ts'
import { Instant, SubsystemId } from '../../../policies/vocabulary.ts'

export const KAFKA_ROLES = [
  'broker',
  'admin',
  'gateway',
  'read-back',
  'auditor',
  'stranger',
] as const
export type KafkaRole = (typeof KAFKA_ROLES)[number]

/** Paths of PEM files; `cert` has the leaf only, `ca` root and issuing CA. */
export interface KafkaFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** What `tls.connect` and kafkajs' `ssl` take. */
export interface KafkaTls {
  readonly ca: string[]
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.3'
}

const HOUR = 3_600_000
const YEAR = 365 * 24 * HOUR

export class KafkaAccess {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static open(folder: string): KafkaAccess {
    return new KafkaAccess(folder)
  }

  static async make(folder: string): Promise<KafkaAccess> {
    const access = new KafkaAccess(folder)
    // The passwords are written last: a folder that has them has everything.
    if (existsSync(join(folder, 'passwords.json'))) return access
    mkdirSync(folder, { recursive: true })
    const now = Instant.ofMilliseconds(Date.now())
    const founding = { organization: '示範政府憑證管理中心', now, listDays: 365 }
    const certs = await CertsFolder.init(join(folder, 'certs'), founding, randomBytes)
    for (const role of KAFKA_ROLES) {
      const order = {
        identity: { kind: 'subsystem', id: SubsystemId.of('TW', 'GOV', 'GONGDAO', role) },
        organization: '示範機關',
        hosts: LOCAL_HOSTS,
        notBefore: Instant.ofMilliseconds(now - HOUR),
        notAfter: Instant.ofMilliseconds(now + YEAR),
      } as const
      const { files } = await certs.issue(order, { key: 'ec', now })
      const copy = { crt: files.certificate, key: files.key ?? '' }
      for (const [ending, path] of Object.entries(copy)) {
        writeFileSync(join(folder, `${role}.${ending}`), readFileSync(path), { mode: 0o600 })
      }
    }
    writeFileSync(join(folder, 'ca.crt'), certs.trust.pem.join(''))
    const passwords = KAFKA_ROLES.map((role) => [role, randomBytes(18).toString('base64url')])
    const text = JSON.stringify(Object.fromEntries(passwords))
    writeFileSync(join(folder, 'passwords.json'), text, { mode: 0o600 })
    return access
  }

  files(role: KafkaRole): KafkaFiles {
    return {
      ca: join(this.folder, 'ca.crt'),
      cert: join(this.folder, `${role}.crt`),
      key: join(this.folder, `${role}.key`),
    }
  }

  tls(role: KafkaRole): KafkaTls {
    const { ca, cert, key } = this.files(role)
    return { ca: [read(ca)], cert: read(cert), key: read(key), minVersion: 'TLSv1.3' }
  }

  /** Kafka's name of whoever shows this role's certificate: `User:CN=…,O=…,C=TW`. */
  principal(role: KafkaRole): string {
    return kafkaPrincipal(read(this.files(role).cert))
  }

  /** Kafka's name of whoever signs in with SCRAM is `User:` and the user name. */
  scram(role: KafkaRole): { readonly username: string; readonly password: string } {
    const passwords = JSON.parse(read(join(this.folder, 'passwords.json'))) as Passwords
    return { username: role, password: passwords[role] }
  }
}

type Passwords = Readonly<Record<KafkaRole, string>>

function read(path: string): string {
  return readFileSync(path, 'utf8')
}
