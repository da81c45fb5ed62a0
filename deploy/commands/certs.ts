/**
 * `gongdao certs …`: the registrar's side of the certification authority. Every command names its folder with `--data`
 * and answers in words or, with `--json`, as one JSON object.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { CertsFolder } from '../../adapters/certs-folder/certs-folder.ts'
import type { Issued, Order } from '../../adapters/certs-folder/certs-folder.ts'
import { LOCAL_HOSTS } from '../../certs/authority.ts'
import { identityOf } from '../../certs/identity.ts'
import type { KeyKind } from '../../certs/keys.ts'
import type { RevocationList } from '../../certs/revocation-list.ts'
import { REVOCATION_REASONS } from '../../certs/revocation-list-signing.ts'
import type { RevocationReason } from '../../certs/revocation-list-signing.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { serialFrom } from './certs-serial.ts'
import { telling } from './telling.ts'
import type { Answer, Outlet } from './telling.ts'

interface Common {
  readonly data: string
  readonly json?: true
}
interface ListOptions extends Common {
  readonly listDays: number
}
interface OrderOptions extends Common {
  readonly organization: string
  readonly unit?: string
  readonly host?: readonly string[]
  readonly days: number
}

const DAY = 86_400_000
const MINUTE = 60_000

export function certsCommand(outlet?: Outlet): Command {
  const certs = new Command('certs').description(
    'certification authority: certificates of subsystems, gateways and members',
  )
  const tell = telling(outlet)
  init(certs, tell)
  issue(certs, tell)
  signRequest(certs, tell)
  revoke(certs, tell)
  publish(certs, tell)
  show(certs, tell)
  return certs
}

type Tell = ReturnType<typeof telling>

function init(certs: Command, tell: Tell): void {
  withList(common(certs.command('init')))
    .description('make a root (DEMO-GRCA), an issuing CA (DEMO-GCA) and an empty revocation list')
    .option('--organization <name>', 'full name of the authority', '示範政府憑證管理中心')
    .action(async (options: ListOptions & { organization: string }) =>
      tell(options, async () => {
        const { organization, listDays } = options
        const founding = { organization, now: now(), listDays }
        const folder = await CertsFolder.init(folderOf(options), founding, randomBytes)
        const { layout, trust } = folder
        return {
          json: {
            root: layout.rootCertificate,
            issuing: layout.issuingCertificate,
            crl: layout.revocationList,
          },
          text: [
            `Certification authority in ${layout.folder}, valid until ${iso(trust.notAfter)}`,
            `Give peers ${layout.rootCertificate} and ${layout.issuingCertificate}; keep the two .key files to yourself.`,
            'Next: gongdao certs issue subsystem TW/GOV/<member>/<subsystem>',
          ],
        }
      }),
    )
}

function issue(certs: Command, tell: Tell): void {
  withOrder(common(certs.command('issue <kind> <identifier>')))
    .description('make a key and its certificate; kind: subsystem, gateway or member')
    .addOption(new Option('--key <kind>', 'kind of key').choices(['ec', 'rsa']).default('ec'))
    .option('--p12 <file>', 'also write a PKCS#12 bundle; the first line of <file> is its password')
    .action(
      async (kind: string, id: string, options: OrderOptions & { key: KeyKind; p12?: string }) =>
        tell(options, async () => {
          const folder = open(options)
          const password = options.p12 === undefined ? {} : { p12Password: firstLine(options.p12) }
          const how = { key: options.key, now: now(), ...password }
          return issuedAnswer(await folder.issue(orderOf(kind, id, options), how))
        }),
    )
}

function signRequest(certs: Command, tell: Tell): void {
  withOrder(common(certs.command('sign-csr <file> <kind> <identifier>')))
    .description(
      'sign a PKCS#10 request whose SAN asks for exactly this identity; its key stays where it is',
    )
    .action(async (file: string, kind: string, id: string, options: OrderOptions) =>
      tell(options, async () => {
        const order = orderOf(kind, id, options)
        return issuedAnswer(await open(options).signCsr(readFileSync(file, 'utf8'), order, now()))
      }),
    )
}

function revoke(certs: Command, tell: Tell): void {
  withList(common(certs.command('revoke <certificate>')))
    .description(
      'take back a certificate (serial number or .crt file); acts on the next request everywhere',
    )
    .addOption(
      new Option('--reason <reason>', 'why').choices(REVOCATION_REASONS).makeOptionMandatory(),
    )
    .action(async (which: string, options: ListOptions & { reason: RevocationReason }) =>
      tell(options, async () => {
        const { reason, listDays } = options
        const serial = serialFrom(which)
        const list = await open(options).revoke(serial, { reason, now: now(), listDays })
        const answer = listAnswer(list)
        return {
          json: { serial, reason, ...answer.json },
          text: [`Certificate ${serial} is revoked (${reason})`, ...answer.text],
        }
      }),
    )
}

function publish(certs: Command, tell: Tell): void {
  withList(common(certs.command('crl')))
    .description('sign the next revocation list; without one in time gateways close their door')
    .action(async (options: ListOptions) =>
      tell(options, async () => listAnswer(await open(options).publish(now(), options.listDays))),
    )
}

function show(certs: Command, tell: Tell): void {
  common(certs.command('show'))
    .description('what was issued, what was revoked, and how long the revocation list is good')
    .action(async (options: Common) =>
      tell(options, async () => {
        const folder = open(options)
        const entries = folder.entries()
        const list = folder.revocationList()
        const at = now()
        const rows = entries.map((entry) => ({
          serial: entry.serial,
          status: entry.status === 'good' && entry.notAfter < at ? 'expired' : entry.status,
          notAfter: iso(entry.notAfter),
          uri: entry.uri,
          ...(entry.reason === undefined ? {} : { reason: entry.reason }),
        }))
        const state = list === undefined ? undefined : listAnswer(list)
        return {
          json: {
            notAfter: iso(folder.trust.notAfter),
            crl: state?.json ?? null,
            certificates: rows,
          },
          text: [
            `Certification authority in ${folder.layout.folder}, valid until ${iso(folder.trust.notAfter)}`,
            ...(state?.text ?? ['No revocation list: sign one with gongdao certs crl']),
            ...rows.map(
              (row) =>
                `${row.serial.padEnd(32)}  ${row.status.padEnd(7)}  ${row.notAfter}  ${row.uri}`,
            ),
          ],
        }
      }),
    )
}

function issuedAnswer(issued: Issued): Answer {
  const { serial, uri, notAfter, files } = issued
  return {
    json: { serial, uri, notAfter: iso(notAfter), files },
    text: [
      `Certificate ${serial} for ${uri}, valid until ${iso(notAfter)}`,
      ...Object.entries(files).map(([kind, path]) => `  ${kind}: ${path}`),
    ],
  }
}

function listAnswer(list: RevocationList): Answer {
  const next = iso(list.nextUpdate)
  return {
    json: {
      number: list.number,
      revoked: list.size,
      thisUpdate: iso(list.thisUpdate),
      nextUpdate: next,
    },
    text: [`Revocation list ${list.number}: ${list.size} revoked, next one due before ${next}`],
  }
}

function common(command: Command): Command {
  return command
    .option('--data <folder>', 'folder that holds all state', '.gongdao')
    .option('--json', 'answer as JSON')
}

function withList(command: Command): Command {
  return command.option('--list-days <days>', 'days until the next revocation list is due', days, 7)
}

function withOrder(command: Command): Command {
  return command
    .option('--organization <name>', 'full name of the agency, for people to read', '示範機關')
    .option('--unit <name>', 'its unit')
    .option(
      '--host <names...>',
      `DNS names or addresses of its server (default: ${LOCAL_HOSTS.join(', ')})`,
    )
    .option('--days <days>', 'days of validity', days, 365)
}

function orderOf(kind: string, id: string, options: OrderOptions): Order {
  const identity = identityOf(kind, id)
  const at = now()
  const order = {
    identity,
    organization: options.organization,
    hosts: options.host ?? (identity.kind === 'member' ? [] : LOCAL_HOSTS),
    // A minute ago: the peer's clock may be behind ours.
    notBefore: Instant.ofMilliseconds(at - MINUTE),
    notAfter: Instant.ofMilliseconds(at + options.days * DAY),
  }
  return options.unit === undefined ? order : { ...order, unit: options.unit }
}

function open(options: Common): CertsFolder {
  return CertsFolder.open(folderOf(options), randomBytes)
}

function folderOf(options: Common): string {
  return join(options.data, 'certs')
}

function days(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number of days from 1')
  return number
}

function firstLine(path: string): string {
  return /^[^\r\n]*/.exec(readFileSync(path, 'utf8'))?.[0] ?? ''
}

function now(): Instant {
  return Instant.ofMilliseconds(Date.now())
}

function iso(instant: Instant): string {
  return new Date(instant).toISOString()
}
