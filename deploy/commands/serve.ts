/** `gongdao serve`: the gateway of a configuration file, until a signal ends it. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { GatewayConfig } from '../config.ts'
import { EXAMPLE } from '../config/example.ts'
import { readConfig, type ConfigFault } from '../config/read-config.ts'
import { listenToSignals } from '../signals.ts'
import { systemChance, systemClock } from '../system.ts'
import { openVoice, type Voice } from '../voice.ts'
import { startGateway, type RunningGateway } from '../wire.ts'
import { progressLine } from './progress-line.ts'

interface ServeOptions {
  readonly config?: string
  readonly data?: string
  readonly check?: true
  readonly printExample?: true
  readonly json?: true
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the gateway of a configuration file until a signal ends it')
    .option('--config <file>', 'configuration, one JSON object; - reads standard input')
    .option('--data <dir>', 'folder of all state, instead of the one that the configuration names')
    .option('--check', 'only read the configuration, tell every fault, and end')
    .option('--print-example', 'print a complete configuration, and end')
    .option('--json', 'tell what happens as JSON objects, one a line')
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  if (options.printExample === true) {
    process.stdout.write(`${JSON.stringify(EXAMPLE, undefined, 2)}\n`)
    return
  }
  const config = configOf(options)
  if (options.check === true) {
    tell(options, { event: 'checked' }, 'the configuration is good')
    return
  }
  await run(config, options)
}

/** Every fault, for the person who wrote the file. */
export class ConfigurationFaulty extends Error {
  override readonly name = 'ConfigurationFaulty'
  constructor(file: string, faults: readonly ConfigFault[]) {
    const lines = faults.map(
      ({ pointer, words }) => `  ${pointer === '' ? 'it' : pointer} ${words}`,
    )
    super(
      [`${String(faults.length)} fault(s) in ${file}; nothing was started:`, ...lines].join('\n'),
    )
  }
}

function configOf(options: ServeOptions): GatewayConfig {
  const file = options.config
  if (file === undefined) {
    throw new RangeError(
      'serve needs --config FILE; serve --print-example prints one to begin with',
    )
  }
  const read = readConfig(textOf(file))
  if (read.kind === 'faulty') throw new ConfigurationFaulty(file, read.faults)
  return options.data === undefined ? read.config : { ...read.config, data: options.data }
}

export function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new RangeError(`the configuration ${file} can't be read: ${String(cause)}`, { cause })
  }
}

async function run(config: GatewayConfig, options: ServeOptions): Promise<void> {
  // Whoever reads our lines may go away; the gateway stays.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const voice = voiceOf(config)
  const { last } = voice
  const signals = listenToSignals(voice)
  const gate = progressLine('comparing the rules with cedar-wasm on random inputs:', false)
  const starting = startGateway(config, {
    ...voice,
    clock: systemClock(),
    chance: systemChance(),
    // Nothing may be written after a journal that failed: the process ends here, and recovers by reading.
    onFatal: (fault) => {
      last(`${fault.message}. The process ends; start it again: it reads what is there.`)
      process.exit(70)
    },
    onGateProgress: gate.at,
  })
  const gateway = await readyOrEnd(starting, signals.stop, voice)
  gate.end()
  const { health, url } = gateway
  const told = health.url === undefined ? '' : `; its health is told at ${health.url.origin}/readyz`
  const event = { event: 'ready', url: url.origin, health: health.url?.origin }
  tell(options, event, `ready at ${url.origin}${told}`, voice)
  signals.onHangUp(async () => {
    await gateway.reload()
  })
  const signal = await signals.stop
  tell(
    options,
    { event: 'stopping', signal },
    `${signal}: refusing new requests, finishing others`,
    voice,
  )
  await gateway.close()
  tell(options, { event: 'stopped' }, 'stopped; the chain is sealed', voice)
  await voice.close()
  process.exit(0)
}

function voiceOf(config: GatewayConfig): Voice {
  try {
    return openVoice(config)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RangeError(
      `telemetry.log.file can't be opened (${why}): make its folder and let the gateway's user write there, or leave the member out`,
      { cause },
    )
  }
}

/** What was begun before it was ready holds nobody's exchange: the process ends, and the next start recovers. */
async function readyOrEnd(
  starting: Promise<RunningGateway>,
  stop: Promise<NodeJS.Signals>,
  { last }: Voice,
): Promise<RunningGateway> {
  try {
    const first = await Promise.race([starting, stop])
    if (typeof first !== 'string') return first
    last(`${first} came before the gateway was ready: it ends`)
    return process.exit(0)
  } catch (fault) {
    // Whatever was opened would keep the process alive, and half a gateway helps nobody.
    last(`it could not start: ${inWords(fault)}`)
    return process.exit(1)
  }
}

const NO_FILE =
  'Put back what is missing (a revocation list: gongdao certs crl). Certificates, documents and keys stand below the data folder; where there is nothing yet, gongdao certs init makes an authority, gongdao demo a whole example'

function inWords(fault: unknown): string {
  const { message } = fault instanceof Error ? fault : new Error(String(fault))
  const code = fault instanceof Error && 'code' in fault ? fault.code : undefined
  return code === 'ENOENT' ? `${message}. ${NO_FILE}` : message
}

/** `voice`: its log has a beginning and an end as well. */
function tell({ json }: ServeOptions, event: object, words: string, voice?: Voice): void {
  voice?.telemetry?.tell({ kind: 'notice', urgency: 'nobody', sentence: words })
  process.stdout.write(json === true ? `${JSON.stringify(event)}\n` : `${words}\n`)
}
