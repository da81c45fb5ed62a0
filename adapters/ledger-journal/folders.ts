/** Which folder of the data folder keeps which chain. */
import * as fs from 'node:fs'
import * as path from 'node:path'

/** Folder of all chains; also what is locked. */
export function ledgerFolder(dataFolder: string): string {
  return path.join(dataFolder, 'ledger')
}

/**
 * `<instance>/registry` → `registry`, `<instance>/consent` → `consent`, `<instance>/exchange/<gateway>/<n>` →
 * `exchange/<gateway, percent-encoded once more>/<n>`. Throws RangeError for any other name.
 */
export function chainFolder(dataFolder: string, origin: string): string {
  const [, ...rest] = origin.split('/')
  const kind = rest.join('/')
  if (kind === 'registry' || kind === 'consent') return path.join(ledgerFolder(dataFolder), kind)
  const number = rest.at(-1) ?? ''
  const gateway = rest.slice(1, -1).join('/')
  if (rest[0] !== 'exchange' || gateway === '' || !/^[1-9][0-9]{0,14}$/.test(number)) {
    throw new RangeError('not the name of a chain: <instance>/exchange/<gateway>/<n>')
  }
  return path.join(ledgerFolder(dataFolder), 'exchange', encodeURIComponent(gateway), number)
}

/** The name of the chain that belongs into a folder; undefined where none does. */
export function originOfFolder(
  dataFolder: string,
  folder: string,
  instance: string,
): string | undefined {
  const [, gateway = '', number = ''] = path
    .relative(ledgerFolder(dataFolder), folder)
    .split(path.sep)
  const origin = `${instance}/exchange/${decodeURIComponent(gateway)}/${number}`
  try {
    return chainFolder(dataFolder, origin) === folder ? origin : undefined
  } catch {
    return undefined
  }
}

/** The folders of all exchange chains that are there, whether or not anybody opened them in public. */
export function exchangeFolders(dataFolder: string): string[] {
  const all = path.join(ledgerFolder(dataFolder), 'exchange')
  return foldersIn(all).flatMap(foldersIn)
}

function foldersIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => path.join(folder, name))
}
