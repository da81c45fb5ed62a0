// Programs beside Node that tests and measurements use. Nothing of the product needs them, so their
// absence never stops a command: the tests concerned are skipped and say why.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './run.mjs'

/** `proof`: a program on the PATH, or a file that exists once the package is there. `use`: what is skipped without it. */
export const TESTS_NEED = [
  { name: 'openssl', proof: 'openssl', use: "OpenSSL's second opinion" },
  { name: 'strace', proof: 'strace', use: 'faults of system calls' },
  { name: 'nginx', proof: 'nginx', use: 'nginx as a peer' },
  { name: 'redis-server', proof: 'redis-server', use: 'Redis' },
  { name: 'default-jre-headless', proof: 'java', use: 'Kafka' },
  { name: 'maven', proof: 'mvn', use: 'Kafka' },
  { name: 'prometheus', proof: 'promtool', use: 'the alerts as Prometheus judges them' },
]
export const BENCH_NEEDS = [
  { name: 'nginx', proof: 'nginx', use: 'the comparison with nginx' },
  { name: 'wrk', proof: 'wrk', use: 'load' },
  { name: 'gcc', proof: 'gcc', use: 'load with client certificates' },
  { name: 'libssl-dev', proof: '/usr/include/openssl/ssl.h', use: 'load with client certificates' },
  { name: 'libc6-dev', proof: '/usr/include/stdio.h', use: 'load with client certificates' },
]

export async function debianPackages(needed, tell) {
  const absent = needed.filter(({ proof }) => !isThere(proof))
  if (absent.length === 0) return
  const missing = absent.map(({ name }) => name)
  const uses = [...new Set(absent.map(({ use }) => use))].join(', ')
  const skipped = `Not on this machine: ${missing.join(', ')}. Skipped, each with its reason: ${uses}.`
  if (!isThere('apt-get')) {
    tell.say(skipped)
    return
  }
  const byHand = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0) {
    tell.say(skipped)
    tell.say(`To have them:  sudo sh -c '${byHand}'`)
    return
  }
  await installAsRoot(missing, byHand, tell)
}

async function installAsRoot(missing, byHand, tell) {
  let last = ''
  const apt = (...args) =>
    run('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      onLine: (line) => (last = line),
    })
  const installArguments = ['install', '-y', '--no-install-recommends', ...missing]
  const work = async () => {
    if ((await apt(...installArguments)).code === 0) return
    // A fresh image has no package lists yet.
    await apt('update')
    const { code, output } = await apt(...installArguments)
    if (code !== 0) throw new AptFault(output.trim().split('\n').slice(-5).join('\n'))
  }
  try {
    await tell.during(`Installing the Debian packages ${missing.join(', ')}`, () => last, work)
  } catch (fault) {
    if (!(fault instanceof AptFault)) throw fault
    tell.say(`What needs ${missing.join(', ')} is skipped and says so. apt-get said:`)
    tell.say(fault.message)
    tell.say(`To try again by hand:  ${byHand}`)
  }
}

class AptFault extends Error {}

/** A program on the PATH, or a file. */
export function isThere(proof) {
  if (proof.startsWith('/')) return existsSync(proof)
  // Debian keeps servers such as nginx where an ordinary user's PATH does not look.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => folder !== '' && existsSync(join(folder, proof)))
}
