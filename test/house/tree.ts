import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** What git ignores, for a copy of the tree that came without its repository. */
const NOT_OURS = ['.git', 'node_modules', '.gongdao', 'coverage']

/** Every file that git tracks, by its path from the top. */
export function trackedFiles(): string[] {
  return fromGit(['ls-files', '-z']) ?? fromDisk()
}

/** The same and what is about to be added: all but the files that git ignores. */
export function filesInTheTree(): string[] {
  const listed = fromGit(['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  const deleted = new Set(fromGit(['ls-files', '-z', '--deleted']))
  return listed?.filter((path) => !deleted.has(path)) ?? fromDisk()
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function fromGit(args: readonly string[]): string[] | undefined {
  try {
    const listed = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' })
    return listed.split('\0').filter((path) => path !== '')
  } catch {
    return undefined
  }
}

function fromDisk(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => !NOT_OURS.includes(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? below(entry.name) : [entry.name]))
}

function below(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
}
