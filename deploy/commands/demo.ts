/** `npm start`: a gateway and real department systems on this machine, scenarios S1 and S3, and the journal checked afterwards. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { keysFile } from '../../adapters/ledger-journal/keys-file.ts'
import { verifyData, type Verified } from '../../adapters/ledger-journal/verify-data.ts'
import type { Clock } from '../../gateway/ports/clock.ts'
import { printableLines } from '../../gateway/ports/printable.ts'
import { GatewayId } from '../../policies/vocabulary.ts'
import { DATA_DEFAULT, foldersOf } from '../config.ts'
import { startDepartments } from '../demo/departments/departments.ts'
import { playDishonest } from '../demo/dishonest/dishonest.ts'
import { prepareWorld, type DemoWorld } from '../demo/prepare-world.ts'
import { report } from '../demo/report.ts'
import { runScenarios, type Ran } from '../demo/run-scenarios.ts'
import { latestTaxYear, scenarios } from '../demo/scenarios.ts'
import { DEMO, startDemoGateway } from '../demo/start-demo-gateway.ts'
import { toPaste } from '../demo/to-paste.ts'
import { readLedger } from '../read-ledger.ts'
import { replayLedger, type ReplayReport } from '../replay-ledger.ts'
import { systemClock } from '../system.ts'
import type { RunningGateway } from '../wire.ts'
import { inWords as replayInWords } from './replay.ts'

interface DemoOptions {
  readonly data: string
  readonly port: string
  readonly once?: true
  readonly dishonest?: true
  readonly json?: true
}

type Say = (line: string) => void

const GATEWAY = GatewayId.parse('TW/GOV/GONGDAO/gateway-1')

export function demoCommand(): Command {
  return new Command('demo')
    .description('bring up a gateway and department systems, run the scenarios, stay up')
    .option('--data <dir>', 'folder of all state', DATA_DEFAULT)
    .option('--port <number>', 'port of the gateway; 0: any that is free', '0')
    .option('--once', 'end after the scenarios')
    .option('--dishonest', 'the operator forks, drops, hides and rewrites: who notices; then end')
    .option('--json', 'answer as one JSON object after the scenarios')
    .action((options: DemoOptions) =>
      options.dishonest === true ? dishonestDemo(options) : demo(options),
    )
}

async function dishonestDemo({ data, json }: DemoOptions): Promise<void> {
  const say: Say = json === true ? () => undefined : printed
  const acts = await playDishonest({ data, cache: foldersOf(data).cache, gateway: GATEWAY, say })
  const caught = acts.filter(({ isCaught }) => isCaught).length
  say(`${String(caught)} of ${String(acts.length)} caught`)
  if (json === true) printed(JSON.stringify({ acts }))
  if (caught < acts.length) process.exitCode = 1
}

async function demo(options: DemoOptions): Promise<void> {
  const clock = systemClock()
  const listen = { host: '127.0.0.1', port: portOf(options.port) }
  const say: Say = options.json === true ? () => undefined : printed
  say(`公道 Gongdao demo. All state is in ${options.data}; all data is synthetic.\n`)
  const world = await prepareWorld(options.data, GATEWAY, clock.now())
  const departments = await startDepartments((id) => world.identityOf('subsystem', id))
  const its = { data: options.data, gateway: GATEWAY, listen, addresses: departments.addresses }
  try {
    const gateway = await startDemoGateway({ ...DEMO, ...its }, (sentence) => {
      process.stderr.write(`gateway: ${printableLines(sentence)}\n`)
    })
    try {
      await play(gateway, options, { clock, say, world })
    } finally {
      await gateway.close()
    }
  } finally {
    // They would keep a process alive whose gateway could not start.
    await departments.close()
  }
}

async function play(
  gateway: RunningGateway,
  { data, json, once }: DemoOptions,
  { clock, say, world }: { readonly clock: Clock; readonly say: Say; readonly world: DemoWorld },
): Promise<void> {
  say(`gateway ready at ${gateway.url.origin}; department systems answer behind it\n`)
  const ran = await runAll({ gateway, world, say }, clock.now())
  const checked = await checkJournal(data, ran, say)
  if (json === true) printed(JSON.stringify(asJson(gateway, ran, checked)))
  if (once === true) return
  say(toPaste(data, gateway.url, latestTaxYear(clock.now())))
  say('The demo stays up. Ctrl-C ends it and seals its chain.')
  await stopSignal()
}

function portOf(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError('--port takes a number from 0 to 65535')
  }
  return port
}

async function runAll(
  {
    gateway,
    world,
    say,
  }: { readonly gateway: RunningGateway; readonly world: DemoWorld; readonly say: Say },
  now: number,
): Promise<readonly Ran[]> {
  return runScenarios(scenarios(latestTaxYear(now)), gateway.url, world, (ran) => {
    const mark = ran.asExpected ? '✓' : '✗'
    const { name, wording, expected } = ran.scenario
    const note = ran.asExpected
      ? ''
      : `   expected ${String(expected.status)} ${expected.code ?? ''}`
    say(`${mark} ${name}: ${wording} → ${String(ran.asked.status)}${note}`)
  })
}

/** The demo is its own auditor: what it did is told from the journal, verified and decided again. */
async function checkJournal(data: string, ran: readonly Ran[], say: Say): Promise<Checked> {
  say(`\n${report(ran, readLedger(data))}\n`)
  const keys = readFileSync(keysFile(data), 'utf8')
  const verified = await verifyData({ data, keys, now: Date.now() })
  const { counts, findings } = verified
  say(
    `verify: ${String(counts.leaves)} leaves in ${String(counts.chains)} chains, ${String(findings.length)} findings`,
  )
  for (const { chain, sentence } of findings) say(`  ${chain}: ${sentence}`)
  const replayed = replayLedger(data, () => undefined)
  say(`replay: ${replayInWords(replayed)}`)
  const unexpected = ran.filter(({ asExpected }) => !asExpected).length
  const disagreeing = replayed.findings.length
  if (unexpected + findings.length + disagreeing > 0) process.exitCode = 1
  return { verify: verified, replay: replayed }
}

interface Checked {
  readonly verify: Verified
  readonly replay: ReplayReport
}

function asJson({ url }: RunningGateway, ran: readonly Ran[], checked: Checked): object {
  const exchanges = ran.map(({ asExpected, asked, exchange, receipt, scenario }) => ({
    scenario: scenario.name,
    expected: scenario.expected,
    asExpected,
    status: asked.status,
    exchange,
    receipt,
  }))
  return { gateway: url.origin, exchanges, ...checked }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        resolve()
      })
  })
}

function printed(line: string): void {
  process.stdout.write(`${line}\n`)
}
