/** Kills an erasure or a restoration at a named point, and judges what the next start makes of it; for the tests and for the campaign. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { checkKeys } from '../../deploy/duties/check-duties.ts'
import { checkOrders } from '../harness/check-orders.ts'
import { backUp } from '../../deploy/duties/key-backup.ts'
import { withHost } from '../../deploy/duties/offline.ts'
import { readLedger } from '../../deploy/read-ledger.ts'
import { audit } from '../harness/audit.ts'
import { startSystem, type System } from '../harness/system.ts'
import { askAboutHer, askAboutOthers, filesWith, HER, secretsIn } from './about-her.ts'
import { appointOfficers, carryOut, order } from './officers.ts'

/** Points at which nothing has happened yet, and points from which on it must be finished. */
export const BEFORE = ['approved', 'suspended', 'replayed', 'copies', 'handed-over', 'leaf 0']
export const AFTER = ['leaf 1', 'recorded', 'before commit', 'after commit', 'destroyed']
export const RESTORING = ['restoring', 'restored']

const PROGRAM = fileURLToPath(new URL('killed.program.ts', import.meta.url))
const ERASE_HER = { act: 'erase', numbers: [HER] } as const
const PASSPHRASE = 'correct horse battery'

/** What is wrong; empty: nothing. */
export async function killErasure(at: string): Promise<readonly string[]> {
  await using system = await stoppedSystem()
  const keys = keysOf(system)
  const same = order(ERASE_HER)
  const faults = await killed(system, at, { order: same })
  const isBefore = BEFORE.includes(at)
  if (isBefore && keysOf(system).length !== keys.length) faults.push('a key is gone without a leaf')
  await system.start()
  if (erasures(system) !== (isBefore ? 0 : 2)) faults.push(`${String(erasures(system))} leaves`)
  if (isBefore) {
    const again = await carryOut(system.data, same)
    if (again.kind !== 'erased') faults.push(`handed in again: ${JSON.stringify(again)}`)
  }
  faults.push(...(await unsound(system)))
  await system.stop()
  return [...faults, ...traces(system, keys)]
}

/** The same of a key store put back from before an erasure. */
export async function killRestoration(at: string): Promise<readonly string[]> {
  await using system = await stoppedSystem()
  const keys = keysOf(system)
  const text = await withHost(system.data, (host) =>
    Promise.resolve(backUp(host, { days: 1, passphrase: PASSPHRASE }).file),
  )
  await carryOut(system.data, ERASE_HER)
  const restore = { text, passphrase: PASSPHRASE, replace: true }
  const faults = await killed(system, at, { restore })
  await system.start()
  faults.push(...(await unsound(system)))
  await system.stop()
  return [...faults, ...traces(system, keys)]
}

/** Two persons more than her are known in it. */
async function stoppedSystem(): Promise<System> {
  const system = await startSystem({ prepare: appointOfficers })
  await askAboutHer(system)
  await askAboutOthers(system)
  await system.stop()
  return system
}

async function killed(system: System, at: string, more: object): Promise<string[]> {
  const options = JSON.stringify({ data: system.data, at, ...more })
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  const child = spawn(process.execPath, [PROGRAM, options], { stdio: [...stdio] })
  const [code, signal] = (await once(child, 'exit')) as [unknown, string | null]
  return signal === 'SIGKILL' ? [] : [`it was not killed: ${String(signal ?? code)}`]
}

function keysOf({ data }: System): readonly Buffer[] {
  return secretsIn(data).get('persons') ?? []
}

function erasures({ data }: System): number {
  return readLedger(data).view.duties.erasures().length
}

/** Of three keys one is gone, and stands nowhere. */
function traces(system: System, before: readonly Buffer[]): readonly string[] {
  const left = keysOf(system)
  const gone = before.filter((key) => !left.some((one) => one.equals(key)))
  return [
    ...(gone.length === 1 ? [] : [`${String(gone.length)} keys are gone`]),
    ...gone.flatMap((key) => filesWith(system.data, key).map((file) => `her key is in ${file}`)),
  ]
}

/** What an auditor finds. */
async function unsound(system: System): Promise<readonly string[]> {
  const { findings, replay } = await audit(system.data)
  const keys = await checkKeys(system.data)
  const orders = checkOrders(system.data, 'TW/registry')
  return [
    ...[...findings, ...keys.findings, ...orders].map(
      ({ kind, sentence }) => `${kind}: ${sentence}`,
    ),
    ...(replay.agree === 4 ? [] : [`replay: ${JSON.stringify(replay)}`]),
    ...(keys.counts.erased === 2 ? [] : [`keys: ${JSON.stringify(keys.counts)}`]),
  ]
}
