/** Holds a key store in a process of its own, which a test then kills, starves or looks at. */
import { randomBytes, randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { openKeyStore } from '../../adapters/key-store-sqlite/key-store-sqlite.ts'
import { KeyStoreUnavailable } from '../../gateway/ports/key-store.ts'
import { ExchangeId, Instant, MemberId } from '../../policies/vocabulary.ts'

const [what, file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: key-store.program.ts WHAT FILE')

const scope = {
  consumer: MemberId.parse('TW/GOV/379000000A'),
  provider: MemberId.parse('TW/GOV/A21030000I'),
  year: 2026,
}

switch (what) {
  case 'answer':
    await answer(file)
    break
  case 'answer-unprivileged':
    // Root may write what is read-only; everything is loaded by now, so the rights can go.
    if (process.getuid?.() === 0) process.setuid?.(65534)
    await answer(file)
    break
  case 'fill':
    await fill(file)
    break
  case undefined:
  default:
    throw new Error('unknown WHAT')
}

/** Tells a new person's pseudonym and sealed details the moment they are answered, then waits to be killed. */
async function answer(path: string): Promise<void> {
  try {
    const store = open(path)
    const person = await store.person('A300000014', scope)
    const exchange = ExchangeId.parse(randomUUID())
    tell({ subject: person.subject, exchange, sealed: person.seal(exchange, Buffer.from('x')) })
    // An open handle, so that the process neither ends nor closes the file.
    setInterval(() => undefined, 60_000)
  } catch (cause) {
    tell({ fault: cause instanceof KeyStoreUnavailable ? cause.fault : String(cause) })
  }
}

/** New persons until the store refuses; then tells why, how many were answered, and whether those still are. */
async function fill(path: string): Promise<void> {
  const store = open(path)
  const subjects: string[] = []
  try {
    for (;;) subjects.push((await store.person(`person ${subjects.length}`, scope)).subject)
  } catch (cause) {
    const fault = cause instanceof KeyStoreUnavailable ? cause.fault : String(cause)
    const known = (await store.person('person 0', scope)).subject === subjects[0]
    tell({ fault, subjects, known })
    process.exit()
  }
}

function open(path: string): ReturnType<typeof openKeyStore> {
  return openKeyStore({
    file: path,
    expect: 'may-be-new',
    chance: { uuid: randomUUID, bytes: randomBytes },
    clock: { now: () => Instant.ofMilliseconds(Date.now()) },
  })
}

function tell(news: object): void {
  writeSync(1, `${JSON.stringify(news)}\n`)
}
