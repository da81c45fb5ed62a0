// Apache Kafka's jars, brought by this machine's own Maven into a cache of the user, so that the next
// checkout finds them there. A folder under its final name is complete and what jars.sha256 names.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isThere } from './debian-packages.mjs'
import { run } from './run.mjs'

const SERVICE = join(dirname(fileURLToPath(import.meta.url)), '../services/kafka')
const POM = join(SERVICE, 'pom.xml')
const NAMED = join(SERVICE, 'jars.sha256')
const AGAIN = 'The next start tries again.'

/** Named by what must be in it: another version is another folder. */
export function kafkaJarsFolder() {
  const hash = createHash('sha256').update(readFileSync(NAMED)).digest('hex').slice(0, 12)
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'gongdao', `kafka-${hash}`)
}

export function kafkaClassArchive() {
  return `${kafkaJarsFolder()}.jsa`
}

export async function kafkaJars(tell) {
  const folder = kafkaJarsFolder()
  if (!existsSync(folder)) await bringJars(folder, tell)
  if (existsSync(folder) && !existsSync(kafkaClassArchive()) && isThere('java')) {
    await archiveClasses(tell)
  }
}

/** Only makes starts faster, so a failure is no reason to stop. */
async function archiveClasses(tell) {
  const program = join(SERVICE, 'archive-classes.program.ts')
  const node = join(SERVICE, '../../../node_modules/.bin/node')
  const work = () => run(node, [program, kafkaClassArchive()])
  const { code, output } = await tell.during('Making Kafka start fast', () => '', work)
  if (code !== 0) tell.say(`It starts slowly, then: ${output.trim().split('\n').at(-1)}`)
}

async function bringJars(folder, tell) {
  const missing = ['java', 'mvn'].filter((program) => !isThere(program))
  if (missing.length > 0) return // said with the Debian packages
  const partial = `${folder}.${process.pid}`
  try {
    await bring(partial, tell)
    if (!existsSync(folder)) renameSync(partial, folder)
    tell.say(`Apache Kafka's jars are in ${folder}`)
  } catch (fault) {
    // The cache may be somebody else's, or the disk full.
    if (!(fault instanceof JarsFault) && fault.syscall === undefined) throw fault
    tell.say(`The tests that need Kafka are skipped and say so. ${fault.message} ${AGAIN}`)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

async function bring(partial, tell) {
  mkdirSync(partial, { recursive: true })
  let loaded = 0
  const count = (line) => (loaded += /Downloaded from/.test(line) ? 1 : 0)
  const detail = () => (loaded === 0 ? '' : `${loaded} files loaded`)
  await tell.during("Bringing Apache Kafka's jars by Maven", detail, () => mvn(partial, count))
  for (const { hash, name } of namedJars()) {
    const path = join(partial, name)
    if (!existsSync(path)) throw new JarsFault(`Maven did not bring ${name}.`)
    if (createHash('sha256').update(readFileSync(path)).digest('hex') === hash) continue
    throw new JarsFault(`${name} is not the jar that deploy/services/kafka/jars.sha256 names.`)
  }
  const unnamed = readdirSync(partial).length - namedJars().length
  if (unnamed !== 0) throw new JarsFault(`Maven brought ${unnamed} jars that nobody asked for.`)
}

async function mvn(folder, onLine) {
  const { code, output } = await run(
    'mvn',
    [
      // -C: a jar whose checksum is not its repository's fails the run instead of warning.
      ...['-B', '-C', '-f', POM, 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${folder}`],
    ],
    { onLine },
  )
  if (code === 0) return
  const errors = output.split('\n').filter((line) => line.startsWith('[ERROR]'))
  throw new JarsFault(`Maven ended with code ${code}:\n${errors.slice(0, 3).join('\n')}\n`)
}

function namedJars() {
  const lines = readFileSync(NAMED, 'utf8').trim().split('\n')
  return lines.map((line) => ({ hash: line.slice(0, 64), name: line.slice(66) }))
}

class JarsFault extends Error {}
