/** Which folder of the data folder keeps which chain. */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { chainPath, originOfPath } from '../../gateway/ledger/chain-path.ts'

/** Folder of all chains; also what is locked. */
export function ledgerFolder(dataFolder: string): string {
  return path.join(dataFolder, 'ledger')
}

/** Throws RangeError where the name is not that of a chain (`gateway/ledger/chain-path.ts`). */
export function chainFolder(dataFolder: string, origin: string): string {
  return path.join(ledgerFolder(dataFolder), ...chainPath(origin))
}

/** The name of the chain that belongs into a folder; undefined where none does. */
export function originOfFolder(
  dataFolder: string,
  folder: string,
  instance: string,
): string | undefined {
  return originOfPath(instance, path.relative(ledgerFolder(dataFolder), folder).split(path.sep))
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
