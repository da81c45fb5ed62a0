/** `gongdao kafka init`: topics and rights of the ledger on a Kafka. The one thing that takes a super user of the cluster. */
import { existsSync, readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { kafkaPrincipal } from '../../adapters/ledger-kafka/principal.ts'
import {
  setUpTopics,
  type Right,
  type SetUpPlan,
  type SetUpReport,
} from '../../adapters/ledger-kafka/set-up-topics.ts'
import { ledgerTopics } from '../../adapters/ledger-kafka/topics.ts'
import { telling, type Answer, type Outlet } from './telling.ts'

interface InitOptions {
  readonly brokers: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly prefix: string
  readonly partitions: number
  readonly copies: number
  readonly writer: readonly string[]
  readonly readBack: readonly string[]
  readonly auditor: readonly string[]
  readonly json?: true
}

export function kafkaCommand(outlet?: Outlet): Command {
  const kafka = new Command('kafka').description('the log servers')
  const tell = telling(outlet)
  kafka
    .command('init')
    .description(
      'make the topics of the ledger with the settings it relies on, and give gateways and auditors the least rights that do',
    )
    .requiredOption('--brokers <list>', 'host:port, several with commas')
    .option('--ca <file>', 'whose certificates the brokers have (PEM); without it: in the clear')
    .option('--cert <file>', 'certificate of a super user of the cluster')
    .option('--key <file>', 'its key')
    .option('--user <name>', 'instead of a certificate: SCRAM-SHA-512')
    .option('--password-file <file>', 'its first line is the password')
    .option(
      '--prefix <text>',
      'topics are <prefix>.registry, .consent, .exchange, .checkpoints',
      prefix,
      'gongdao',
    )
    .option('--partitions <number>', 'of the topic of exchanges', whole, 1)
    .option('--copies <number>', 'replication factor; below 3 for development only', whole, 3)
    .option(
      '--writer <who...>',
      'gateways: certificate files, or principals such as User:gateway-1',
      [],
    )
    .option('--read-back <who...>', 'who reads for the gateways what they wrote', [])
    .option('--auditor <who...>', 'who reads everything', [])
    .option('--json', 'answer as JSON')
    .action(async (options: InitOptions) =>
      tell(options, async () => answer(await setUpTopics(connectionOf(options), planOf(options)))),
    )
  return kafka
}

function connectionOf(options: InitOptions): Parameters<typeof setUpTopics>[0] {
  const { brokers, ca, cert, key, passwordFile, user } = options
  refuseHalves(options)
  const identity =
    cert === undefined || key === undefined ? {} : { cert: read(cert), key: read(key) }
  const password =
    user === undefined || passwordFile === undefined
      ? {}
      : { password: { username: user, password: read(passwordFile).replace(/[\r\n].*$/s, '') } }
  const tls = ca === undefined ? {} : { tls: { ca: [read(ca)], ...identity } }
  return { brokers: brokers.split(','), clientId: 'gongdao-kafka-init', ...tls, ...password }
}

/** Half of a proof of who one is would be none, and Kafka would seem to refuse everything. */
function refuseHalves({ ca, cert, key, passwordFile, user }: InitOptions): void {
  if ((cert === undefined) !== (key === undefined)) {
    throw new RangeError('--cert and --key go together')
  }
  if ((user === undefined) !== (passwordFile === undefined)) {
    throw new RangeError('--user and --password-file go together')
  }
  if (ca === undefined && cert !== undefined) throw new RangeError('--cert needs --ca')
}

function planOf({ auditor, copies, partitions, prefix, readBack, writer }: InitOptions): SetUpPlan {
  const rights: Right[] = [
    ...writer.map((who) => ({ principal: principalOf(who), may: 'write' }) as const),
    ...readBack.map(
      (who) => ({ principal: principalOf(who), may: 'read', groups: 'read-back-' }) as const,
    ),
    ...auditor.map(
      (who) => ({ principal: principalOf(who), may: 'read', groups: 'audit-' }) as const,
    ),
  ]
  return { topics: ledgerTopics(prefix, partitions), copies, rights }
}

/** A file is a certificate; anything else must be spelled as Kafka does. */
function principalOf(who: string): string {
  if (/^User:./.test(who)) return who
  if (!existsSync(who)) {
    throw new RangeError(`${who} is neither a certificate file nor a principal such as User:name`)
  }
  return kafkaPrincipal(read(who))
}

function answer({ changed, created, unknown }: SetUpReport): Answer {
  const nothing =
    created.length + changed.length === 0 ? ['All topics were there as they must be'] : []
  return {
    json: { created, changed, unknown },
    text: [
      ...created.map((topic) => `made ${topic}`),
      ...changed.map(
        ({ from, setting, to, topic }) => `${topic}: ${setting} was ${from}, now ${to}`,
      ),
      ...nothing,
      ...unknown.map(
        ({ operation, principal, topic }) =>
          `BEWARE ${topic}: ${principal} may ${operation}, which this command did not give; take it back or name it`,
      ),
    ],
  }
}

function prefix(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(text)) {
    throw new InvalidArgumentError('letters, digits, dots, hyphens and underscores')
  }
  return text
}

function whole(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('a whole number from 1')
  return number
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}
