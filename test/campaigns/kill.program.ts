/**
 * The kill -9 campaign: a writer process is killed at a random moment, again and again, on one folder; after each kill nothing that
 * it had reported as durable may be missing, and no checkpoint may contradict another.
 *
 *     node test/campaigns/kill.program.ts [rounds]        (default 200)
 *     node test/campaigns/kill.program.ts write FOLDER    the writer: one line a durable leaf, `index record size root`
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { nodeDisk } from '../../adapters/ledger-journal/disk.ts'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { recover } from '../../adapters/ledger-journal/recover.ts'
import { REGISTRY, exchangeOrigin, gateway, openOn, registrar } from '../harness/small-ledger.ts'

const THIS = fileURLToPath(import.meta.url)

export interface KillReport {
  readonly rounds: number
  readonly acknowledged: number
  readonly lost: number
  readonly contradictions: number
  readonly cuts: number
}

/** `twoPhase`: the registry's way of writing. */
export async function killCampaign(rounds: number, twoPhase: boolean): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-kill-'))
  const origin = twoPhase ? REGISTRY : exchangeOrigin(1)
  const told = new Told()
  let [lost, cuts] = [0, 0]
  for (let round = 0; round < rounds; round += 1) {
    const lines = await writeUntilKilled(folder, origin, 30 + Math.random() * 120)
    for (const line of lines) told.line(line)
    const records: string[] = []
    const found = await recover({
      disk: nodeDisk,
      folder: chainFolder(folder, origin),
      origin,
      twoPhase,
      publicKey: (twoPhase ? registrar : gateway).publicKey,
      visit: ({ record }) => records.push(record),
    })
    cuts = found.cuts.length
    lost += told.missingFrom(records)
  }
  rmSync(folder, { recursive: true })
  const { contradictions } = told
  return { rounds, acknowledged: told.count, lost, contradictions, cuts }
}

/** What writers said before they were killed. */
class Told {
  contradictions = 0
  readonly #records = new Map<string, string>()
  readonly #roots = new Map<string, string>()

  get count(): number {
    return this.#records.size
  }

  line(line: string): void {
    const [index = '', record = '', size = '', root] = line.split(' ')
    if (root === undefined) return
    for (const [kept, name, value] of [
      [this.#records, index, record],
      [this.#roots, size, root],
    ] as const) {
      if ((kept.get(name) ?? value) !== value) this.contradictions += 1
      kept.set(name, value)
    }
  }

  missingFrom(records: readonly string[]): number {
    return [...this.#records].filter(([index, record]) => records[Number(index)] !== record).length
  }
}

/** Lines that came whole before the writer was killed. */
async function writeUntilKilled(folder: string, origin: string, ms: number): Promise<string[]> {
  const writer = spawn(process.execPath, [THIS, 'write', folder, origin], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const reading = (async () => {
    for await (const line of createInterface({ input: writer.stdout })) {
      if (lines.length === 0) setTimeout(() => writer.kill('SIGKILL'), ms)
      lines.push(line)
    }
  })()
  await reading
  return lines
}

async function write(folder: string, origin: string): Promise<void> {
  const { chain } = await openOn(folder, origin, {
    segmentBytes: 1024 * 1024,
    onFatal: () => process.exit(3),
    soon: setImmediate,
  })
  let written = 0
  const client = async (name: number): Promise<never> => {
    for (let at = 0; ; at += 1) {
      const record = `{"at":${at},"by":${name},"pid":${process.pid}}`
      const recorded = await chain.append({ kind: 'heads', record })
      const [, size, root] = recorded.receipt().split('\n\n')[1]?.split('\n') ?? []
      process.stdout.write(`${recorded.index} ${record} ${size ?? ''} ${root ?? ''}\n`)
      written += 1
      // Kept small: every recovery reads all of it.
      if (written > 400) await new Promise<never>(ever)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, name) => client(name)))
}

/** Settles nothing, and keeps the process alive to be killed. */
function ever(): void {
  setInterval(() => undefined, 60_000)
}

if (process.argv[1] === THIS) await main()

async function main(): Promise<void> {
  const [mode, folder, origin] = process.argv.slice(2)
  if (mode === 'write' && folder !== undefined && origin !== undefined) await write(folder, origin)
  else {
    for (const twoPhase of [false, true]) {
      const report = await killCampaign(Number(mode ?? 200), twoPhase)
      process.stdout.write(`${twoPhase ? 'registry' : 'exchange'} ${JSON.stringify(report)}\n`)
      if (report.lost + report.contradictions > 0) process.exitCode = 1
    }
  }
}
