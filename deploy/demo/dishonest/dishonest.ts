/**
 * `npm start -- --dishonest`: a gateway whose operator lies. First everything is honest, seen by three witnesses, each a process of its
 * own; then the operator, who holds every key of the gateway, does in turn what no log should let pass.
 */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ledgerFolder } from '../../../adapters/ledger-journal/folders.ts'
import { keysFile } from '../../../adapters/ledger-journal/keys-file.ts'
import { checkReceipt } from '../../../gateway/ledger/check-receipt.ts'
import { ed25519Signer } from '../../../gateway/ledger/signer.ts'
import { parsePinnedKeys } from '../../../gateway/ledger/pinned-keys.ts'
import type { GatewayId } from '../../../policies/vocabulary.ts'
import { foldersOf, type GatewayConfig } from '../../config.ts'
import { logKey } from '../../log-keys.ts'
import { pinKeys } from '../../pin-keys.ts'
import { readKeys } from '../../read-keys.ts'
import { systemClock } from '../../system.ts'
import type { RunningGateway } from '../../wire.ts'
import { ask } from '../ask.ts'
import { startDepartments } from '../departments/departments.ts'
import { prepareWorld, type DemoWorld } from '../prepare-world.ts'
import { runScenarios, type Ran } from '../run-scenarios.ts'
import { latestTaxYear, scenarios } from '../scenarios.ts'
import { DEMO, startDemoGateway } from '../start-demo-gateway.ts'
import { drops, forks, hides, rewrites, type Played } from './acts.ts'
import { playedInWords } from './in-words.ts'
import { Stage, keepFile, type Kept } from './stage.ts'
import { startDemoWitnesses, type DemoWitnesses } from './witness-processes.ts'

export interface DishonestOptions {
  /** All state goes into a new folder below it, which stays there to be looked at. */
  readonly data: string
  /** Where findings of the rules' gate are kept. */
  readonly cache: string
  readonly gateway: GatewayId
  readonly say: (line: string) => void
}

const REQUIRE = 2

/** Answers the four acts; each is caught, or this demo has found a fault of ours. */
export async function playDishonest(options: DishonestOptions): Promise<readonly Played[]> {
  const { gateway, say } = options
  mkdirSync(options.data, { recursive: true })
  const data = mkdtempSync(join(options.data, 'dishonest-'))
  say(`公道 Gongdao: a dishonest operator. All state is in ${data}; all data is synthetic.\n`)
  const world = await prepareWorld(data, gateway, systemClock().now())
  handOverKeys(data, gateway)
  const witnesses = await startDemoWitnesses(data, keysFile(data))
  try {
    const seen = await beHonest({ ...options, data, world, witnesses })
    return await play({ ...options, data, witnesses, seen })
  } finally {
    await witnesses.close()
  }
}

/** Verifier keys are handed over before anything is recorded: whoever pins them later pins what the operator says then. */
function handOverKeys(data: string, gateway: GatewayId): void {
  const folder = foldersOf(data).keys
  mkdirSync(ledgerFolder(data), { recursive: true, mode: 0o700 })
  const key = (owner: string): Uint8Array =>
    ed25519Signer(logKey(`${folder}/${owner}-log.key`, true)).publicKey
  pinKeys(configOf(data, gateway), { registrar: key('registrar'), gateway: key('gateway') })
}

function configOf(data: string, gateway: GatewayId, witnesses?: DemoWitnesses): GatewayConfig {
  const [first, ...others] = (witnesses?.all ?? []).map(({ key, url }) => ({
    key,
    url,
    ca: witnesses?.ca,
  }))
  const section = first && {
    require: REQUIRE,
    whenAway: 'continue' as const,
    deadlineMs: 5_000,
    witnesses: [first, ...others] as [typeof first, ...typeof others],
  }
  return {
    ...DEMO,
    data,
    gateway,
    listen: { host: '127.0.0.1', port: 0 },
    addresses: new Map(),
    ...(section && { witnesses: section as NonNullable<GatewayConfig['witnesses']> }),
  }
}

interface Seen {
  readonly chain: string
  readonly receipts: readonly Kept[]
  /** File of a receipt within a checkpoint that the witnesses have cosigned. */
  readonly cosigned: string
}

interface Honest extends DishonestOptions {
  readonly world: DemoWorld
  readonly witnesses: DemoWitnesses
}

async function beHonest({ cache, data, gateway, say, witnesses, world }: Honest): Promise<Seen> {
  const departments = await startDepartments((id) => world.identityOf('subsystem', id))
  const { addresses } = departments
  const config = { ...configOf(data, gateway, witnesses), addresses, cache }
  const running = await start(config)
  try {
    const ran = await runScenarios(
      scenarios(latestTaxYear(Date.now())),
      running.url,
      world,
      () => undefined,
    )
    const released = ran.filter(({ scenario }) => scenario.expected.status === 200)
    const last = released.at(-1)
    if (last === undefined) throw new Error('no exchange went through')
    const cosigned = await cosignedReceipt(running, world, last)
    const seen = {
      chain: running.core.ledger.origin,
      receipts: keptOf(data, released),
      cosigned: keepFile(data, 'cosigned', cosigned),
    }
    say(
      `${ran.length} exchanges; the departments keep their receipts; ${witnesses.all.length} witnesses have cosigned each checkpoint.\n`,
    )
    return seen
  } finally {
    await running.close()
    await departments.close()
  }
}

/** What alarms this operator is no secret: the witnesses tell it. */
function start(config: GatewayConfig): Promise<RunningGateway> {
  return startDemoGateway(config, () => undefined)
}

/** Asked for again until enough witnesses have cosigned the checkpoint that it ends in: within ten seconds. */
async function cosignedReceipt(
  { core, url }: RunningGateway,
  world: DemoWorld,
  { exchange, scenario }: Ran,
): Promise<string> {
  const { consumer } = scenario
  const target = { url: new URL(`/exchange/receipts/${exchange}`, url), method: 'GET' }
  for (let tries = 0; tries < 40; tries += 1) {
    const headers = { 'X-Road-Client': consumer }
    const { body } = await ask(world.identityOf('subsystem', consumer), { ...target, headers })
    const signatures = body.split('\n').filter((line) => line.startsWith('\u2014')).length
    if (signatures > REQUIRE) return body
    await pause(250)
  }
  throw new Error(`no cosignatures came: ${JSON.stringify(core.witnessing.status())}`)
}

function keptOf(data: string, ran: readonly Ran[]): readonly Kept[] {
  const keys = parsePinnedKeys(readKeys({ data }))
  return ran.flatMap(({ receipt }, at) => {
    const finding = checkReceipt(receipt, { keys })
    if (finding.kind === 'bad') return []
    return [{ index: finding.index, file: keepFile(data, `receipt-${at + 1}`, receipt) }]
  })
}

interface Playing extends DishonestOptions {
  readonly witnesses: DemoWitnesses
  readonly seen: Seen
}

async function play({
  cache,
  data,
  gateway,
  say,
  seen,
  witnesses,
}: Playing): Promise<readonly Played[]> {
  const { chain, cosigned, receipts } = seen
  const stage = new Stage({ honest: data, chain, keys: keysFile(data), witnesses, receipts })
  const restart = async (folder: string): Promise<void> => {
    const running = await start({ ...configOf(folder, gateway, witnesses), cache })
    await running.close()
  }
  const all: Played[] = []
  const acts = [
    () => rewrites(stage),
    () => forks(stage, cosigned),
    () => hides(stage),
    () => drops(stage, restart),
  ]
  try {
    for (const act of acts) {
      const played = await act()
      say(playedInWords(played, all.push(played)))
    }
  } finally {
    stage.close()
  }
  return all
}
