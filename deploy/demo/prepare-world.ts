/**
 * The demo's world, made at the first start: a certification authority, certificates for everybody, members' signing keys, and the
 * documents of deploy/demo/documents signed by the members that they name. Real certificates and signatures; DEMO names.
 */
import { createPrivateKey, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { CertsFolder } from '../../adapters/certs-folder/certs-folder.ts'
import { safeName } from '../../adapters/certs-folder/layout.ts'
import { LOCAL_HOSTS } from '../../certs/authority.ts'
import { identityOf, type Identity } from '../../certs/identity.ts'
import { signAgreement, signingKeyOf } from '../../gateway/registry/agreement-signatures.ts'
import type { Json, JsonObject } from '../../policies/canonical-json.ts'
import { Instant, MemberId } from '../../policies/vocabulary.ts'
import type { GatewayId } from '../../policies/vocabulary.ts'
import { foldersOf } from '../config.ts'
import type { ClientIdentity } from './ask.ts'

const TEMPLATES = new URL('documents/', import.meta.url)
const YEAR_MS = 365 * 86_400_000
const LIST_DAYS = 30

export interface DemoWorld {
  /** Certificate and key of an identity, and the root that servers are checked against; PEM. */
  readonly identityOf: (kind: string, id: string) => ClientIdentity
}

/** `templates`: folder of documents to be signed, ends with `/`; absent: the demo's. */
export async function prepareWorld(
  data: string,
  gateway: GatewayId,
  now: Instant,
  templates: URL = TEMPLATES,
): Promise<DemoWorld> {
  const folders = foldersOf(data)
  const random = (count: number): Uint8Array => randomBytes(count)
  const certs = CertsFolder.exists(folders.certs)
    ? CertsFolder.open(folders.certs, random)
    : await CertsFolder.init(
        folders.certs,
        { organization: 'Gongdao DEMO 示範', now, listDays: LIST_DAYS },
        random,
      )
  // A demo that was away for long brings its own list up to date; a real registrar publishes on schedule.
  await certs.publish(now, LIST_DAYS)
  const members = templatesOf(templates, 'members')
  await issueMissing(certs, identityOf('gateway', gateway), 'Gongdao DEMO 示範', now)
  for (const { document } of members) await issueFor(certs, document, now)
  if (!existsSync(folders.documents)) writeDocuments(certs, templates, folders.documents)
  return {
    identityOf: (kind, id) => {
      const path = join(certs.layout.issued, safeName(identityOf(kind, id)))
      return {
        cert: readFileSync(`${path}.crt`, 'utf8'),
        key: readFileSync(`${path}.key`, 'utf8'),
        ca: readFileSync(certs.layout.rootCertificate, 'utf8'),
      }
    },
  }
}

interface Template {
  readonly name: string
  readonly document: JsonObject
}

function templatesOf(templates: URL, kind: string): readonly Template[] {
  const folder = new URL(`${kind}/`, templates)
  return readdirSync(folder).map((name) => ({
    name,
    document: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as JsonObject,
  }))
}

async function issueFor(certs: CertsFolder, member: JsonObject, now: Instant): Promise<void> {
  const organization = (member['name'] as JsonObject)['zh'] as string
  await issueMissing(certs, identityOf('member', member['id'] as string), organization, now)
  for (const subsystem of member['subsystems'] as readonly JsonObject[]) {
    const identity = identityOf('subsystem', subsystem['id'] as string)
    await issueMissing(certs, identity, organization, now)
  }
}

async function issueMissing(
  certs: CertsFolder,
  identity: Identity,
  organization: string,
  now: Instant,
): Promise<void> {
  if (existsSync(join(certs.layout.issued, `${safeName(identity)}.crt`))) return
  const order = {
    identity,
    organization,
    hosts: identity.kind === 'member' ? [] : LOCAL_HOSTS,
    notBefore: Instant.ofMilliseconds(now - 3_600_000),
    notAfter: Instant.ofMilliseconds(now + YEAR_MS),
  }
  await certs.issue(order, { key: 'ec', now })
}

/** All or nothing: into a draft folder first, then in place. */
function writeDocuments(certs: CertsFolder, templates: URL, folder: string): void {
  const draft = `${folder}.draft`
  for (const kind of readdirSync(templates)) {
    mkdirSync(join(draft, kind), { recursive: true })
    for (const { name, document } of templatesOf(templates, kind)) {
      const filled = fill(certs, kind, document)
      writeFileSync(join(draft, kind, name), `${JSON.stringify(filled, null, 2)}\n`)
    }
  }
  renameSync(draft, folder)
}

function fill(certs: CertsFolder, kind: string, document: JsonObject): JsonObject {
  if (kind === 'members') {
    const key = signingKey(certs, document['id'] as string)
    return { ...document, signingKeys: [{ ...signingKeyOf(key) }] }
  }
  if (kind !== 'agreements') return document
  const agreement = document['agreement'] as JsonObject
  const parties = [agreement['consumerController'], agreement['providerController']] as string[]
  const signatures = [...new Set(parties)].map((party): Json => {
    const member = MemberId.parse(party)
    return { ...signAgreement(agreement, member, signingKey(certs, member)) }
  })
  return { agreement, signatures }
}

function signingKey(certs: CertsFolder, member: string): ReturnType<typeof createPrivateKey> {
  const path = join(certs.layout.issued, `${safeName(identityOf('member', member))}.key`)
  return createPrivateKey(readFileSync(path))
}
