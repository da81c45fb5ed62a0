/**
 * `gongdao witness`: run by the auditors' organisation and by others, never by the gateway's operator: remembers every checkpoint that it
 * cosigns, and keeps what contradicts it. `gongdao witness init` makes its key.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { Command } from 'commander'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { printableLines } from '../../gateway/ports/printable.ts'
import { cosignerVkey, type Cosigner } from '../../gateway/witness/cosignature.ts'
import { readNamed } from '../read-named.ts'
import { startWitness, type WitnessConfig } from '../start-witness.ts'
import { systemClock } from '../system.ts'
import { makeWitnessKey, readWitnessKey } from '../witness-key.ts'

interface WitnessOptions {
  readonly data: string
  readonly keys: string
  readonly cert: string
  readonly certKey: string
  readonly host: string
  readonly port: string
  readonly json?: true
}

const DATA = '.gongdao-witness'

export function witnessCommand(): Command {
  return new Command('witness')
    .description('remember and cosign the checkpoints of ledgers that others run')
    .addCommand(serveCommand(), { isDefault: true })
    .addCommand(initCommand())
}

function serveCommand(): Command {
  return new Command('serve')
    .description('answer until a signal ends it (the default)')
    .requiredOption(
      '--keys <file>',
      'the ledgers’ verifier keys, as handed over by their operators',
    )
    .requiredOption('--cert <file>', 'TLS certificate and its chain, PEM')
    .requiredOption('--cert-key <file>', 'its private key, PEM')
    .option('--data <dir>', 'folder of the key and of all that is remembered', DATA)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0: any that is free', '8480')
    .option('--json', 'tell what happens as JSON objects, one a line')
    .action(serve)
}

function initCommand(): Command {
  return new Command('init')
    .description('make the witness’s key, once, and print its verifier key')
    .argument('<name>', 'its name, like a URL without https://, e.g. audit.example.gov.tw/w1')
    .option('--data <dir>', 'folder of the key', DATA)
    .option('--json', 'answer with one JSON object')
    .action(init)
}

function init(name: string, options: { readonly data: string; readonly json?: true }): void {
  const key = cosignerVkey(makeWitnessKey(options.data, name))
  process.stdout.write(options.json === true ? `${JSON.stringify({ key })}\n` : `${key}\n`)
}

async function serve(options: WitnessOptions): Promise<void> {
  const cosigner = readWitnessKey(options.data)
  const report = (sentence: string): void => {
    process.stderr.write(`${new Date().toISOString()} witness: ${printableLines(sentence)}\n`)
  }
  const witness = await startWitness(configOf(options, cosigner), { clock: systemClock(), report })
  const key = cosignerVkey(cosigner)
  const url = witness.url.origin
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ event: 'ready', url, key })}\n`
      : `ready at ${url} as ${key}\n`,
  )
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
  })
  await witness.close()
}

function configOf(options: WitnessOptions, cosigner: Cosigner): WitnessConfig {
  const port = Number(options.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError('--port takes a number from 0 to 65535')
  }
  const keys = parsePinnedKeys(readNamed(options.keys, KEYS).toString(), options.keys)
  if (keys.registry === undefined) {
    throw new RangeError(
      `${options.keys} names no registry: a line <instance>/registry+… is missing`,
    )
  }
  const tls = tlsOf(options)
  return { data: options.data, listen: { host: options.host, port }, cosigner, keys, tls }
}

/** What TLS itself says of a file that it can't use names neither the file nor what belongs into it. */
function tlsOf({ cert, certKey }: WitnessOptions): WitnessConfig['tls'] {
  const tls = { cert: readNamed(cert, CERT).toString(), key: readNamed(certKey, KEY).toString() }
  const certificate = orSay(`${cert} holds none that can be read: name ${CERT}`, () => {
    return new X509Certificate(tls.cert)
  })
  const key = orSay(`${certKey} holds none that can be read: name ${KEY}`, () => {
    return createPrivateKey(tls.key)
  })
  if (!certificate.checkPrivateKey(key)) {
    throw new RangeError(`${certKey} is not the key of ${cert}: name ${KEY}`)
  }
  orSay(`TLS does not take ${cert} with its key ${certKey}`, () => createSecureContext(tls))
  return tls
}

const KEYS = 'the ledgers’ verifier keys with --keys'
const CERT = 'a TLS certificate and its chain, PEM, with --cert'
const KEY = 'the private key of that certificate, PEM without a passphrase, with --cert-key'

function orSay<Read>(sentence: string, read: () => Read): Read {
  try {
    return read()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RangeError(`${sentence} (${why})`, { cause })
  }
}
