/** The files of the engine that judges, so that an archive can keep the very one that a replay needs in eight years. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface EngineFile {
  /** Below the engine's own folder, parts separated by `/`. */
  readonly name: string
  readonly bytes: Buffer
}

export function engineFiles(): EngineFile[] {
  const folder = dirname(fileURLToPath(import.meta.resolve('@cedar-policy/cedar-wasm/nodejs')))
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => join(parentPath, name))
    .sort()
    .map((file) => ({
      name: relative(folder, file).replaceAll('\\', '/'),
      bytes: readFileSync(file),
    }))
}
