// Brings this checkout to the state that package-lock.json names, and tells what it is doing.
// Runs before every npm script, under whatever Node the machine has (20 or newer) and with nothing
// installed; what it installs includes the Node that runs everything else.
//
//   node deploy/set-up.mjs [--quiet] [--tests] [--bench]
//
// Everything it prints goes to stderr: stdout belongs to the command that follows.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BENCH_NEEDS, TESTS_NEED, debianPackages } from './set-up/debian-packages.mjs'
import { install, isInstalled } from './set-up/install.mjs'
import { kafkaJars } from './set-up/kafka-jars.mjs'
import { oneAtATime } from './set-up/one-at-a-time.mjs'
import { progress } from './set-up/progress.mjs'
import { SetUpFault } from './set-up/set-up-fault.mjs'

const OLDEST_NODE = 20

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const options = new Set(process.argv.slice(2))

try {
  await setUp()
} catch (fault) {
  if (!(fault instanceof SetUpFault)) throw fault
  process.stderr.write(`\n${fault.message}\n\n`)
  process.exitCode = 1
}

async function setUp() {
  refuseUnknownOptions()
  refuseOldNode()
  const tell = progress({ quiet: options.has('--quiet') })
  if (!isInstalled(root)) {
    await oneAtATime(root, tell, async () => {
      // Whoever held the lock before us has probably done the work.
      if (!isInstalled(root)) await install(root, tell)
    })
  }
  if (options.has('--tests')) {
    await debianPackages(TESTS_NEED, tell)
    await kafkaJars(tell)
  }
  if (options.has('--bench')) await debianPackages(BENCH_NEEDS, tell)
}

function refuseUnknownOptions() {
  for (const option of options) {
    if (['--quiet', '--tests', '--bench'].includes(option)) continue
    throw new SetUpFault(`Unknown option ${option}`, 'There are --quiet, --tests and --bench.')
  }
}

function refuseOldNode() {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) return
  throw new SetUpFault(
    `This machine's Node is ${process.version}; the set-up needs ${OLDEST_NODE} or newer`,
    'Install a newer Node from nodejs.org or your system, then run the same command again.',
  )
}
