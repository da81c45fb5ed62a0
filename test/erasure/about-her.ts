/** A person whom several departments ask about, and everything that an operator holds. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { chainFolder } from '../../adapters/ledger-journal/folders.ts'
import { readTree } from '../../adapters/ledger-journal/read-chain.ts'
import { digestOfTreeHash, type TreeHash } from '../../gateway/ledger/hash.ts'
import { EMPTY_EDGE, Growth, rootOf } from '../../gateway/ledger/tree.ts'
import { isNationalNumber } from '../../policies/national-number.ts'
import { filesBelow } from '../harness/canary-search.ts'
import { headerOf, scenarioNamed, type System } from '../harness/system.ts'

export const HER = 'A000000018'

/** Two departments ask about her: two pseudonyms. Answers the exchanges' ids. */
export async function askAboutHer(system: System): Promise<readonly string[]> {
  const path = scenarioNamed('S1').path.replace('A300000014', HER)
  const asked = [await system.run('S3'), await system.run('S1', { path })]
  return asked.map((one) => headerOf(one, 'exchange-id'))
}

export async function askAboutOthers(system: System): Promise<readonly string[]> {
  const asked = [await system.run('S1'), await system.run('household')]
  return asked.map((one) => headerOf(one, 'exchange-id'))
}

/** Every secret in the key store of a stopped gateway, by table. */
export function secretsIn(data: string): ReadonlyMap<string, readonly Buffer[]> {
  const database = new DatabaseSync(join(data, 'keys', 'keys.sqlite'), { readOnly: true })
  const all = ['secrets', 'persons', 'exchanges'].map((table) => {
    const rows = database.prepare(`SELECT secret FROM ${table}`).all()
    return [table, rows.map(({ secret }) => Buffer.from(secret as Uint8Array))] as const
  })
  database.close()
  return new Map(all)
}

/** Files of the data folder in which a secret stands, raw or as text. */
export function filesWith(data: string, secret: Buffer): readonly string[] {
  const traces = spellingsOf(secret)
  return filesBelow(data).filter((file) => {
    const content = readFileSync(file)
    return traces.some((trace) => content.includes(trace))
  })
}

function spellingsOf(secret: Buffer): readonly Buffer[] {
  const hex = secret.toString('hex')
  const texts = [hex, hex.toUpperCase()]
  for (let shift = 0; shift < 3; shift += 1) {
    for (const alphabet of ['base64', 'base64url'] as const) {
      // The characters that depend on the secret alone when `shift` other bytes stand before it.
      const text = Buffer.concat([Buffer.alloc(shift), secret]).toString(alphabet)
      texts.push(text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((32 + shift) * 8) / 6)))
    }
  }
  const digest = createHash('sha256').update(secret).digest()
  return [secret, digest, ...texts.map((text) => Buffer.from(text))]
}

/** The root of a chain over its first leaves, from what stands in its journal now. */
export function rootAt(data: string, origin: string, size: number): string {
  const hashes: TreeHash[] = []
  readTree({
    folder: chainFolder(data, origin),
    origin,
    twoPhase: origin.endsWith('/registry'),
    onLeaves: (_first, more) => hashes.push(...more),
    visit: () => undefined,
  })
  return digestOfTreeHash(rootOf(new Growth(EMPTY_EDGE, hashes.slice(0, size)).edge))
}

/** Valid national numbers, all different, none of them of the demonstration. */
export function validNumbers(count: number): readonly string[] {
  const numbers = new Set<string>()
  for (let at = 0; numbers.size < count; at += 1) {
    const letter = String.fromCharCode(65 + (at % 26))
    const body = `${letter}${String(1 + (at % 2))}${String(at * 7919)
      .padStart(7, '0')
      .slice(-7)}`
    for (let digit = 0; digit < 10; digit += 1) {
      const number = `${body}${String(digit)}`
      if (isNationalNumber(number, { syntheticIds: false })) numbers.add(number)
    }
  }
  return [...numbers]
}

export const SYNTHETIC = [
  ...['A000000018', 'A000000027', 'A300000014', 'A300000023', 'F300000037', 'H300000048'],
  ...['B300000051', 'D300000062', 'E300000072', 'T300000083', 'A400000016'],
]
