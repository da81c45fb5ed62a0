/**
 * An erasure in a process of its own, killed by its own hand at a named point:
 *
 *     node test/erasure/killed.program.ts '{"data":…,"at":"recorded","order":{…}}'
 *
 * `at`: a step of the procedure; `leaf <k>`: when k of the erasure's leaves are durable; `before commit`, `after commit`: of the key
 * store's transaction; `restoring`, `restored`: before and after the new key store takes the old one's name.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync } from 'node:sqlite'

interface Options {
  readonly data: string
  readonly at: string
  readonly order?: unknown
  readonly restore?: {
    readonly text: string
    readonly passphrase: string
    readonly replace: boolean
  }
}

const { at, data, order, restore } = JSON.parse(process.argv[2] ?? '{}') as Options

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; not one more system call of ours may be.
  for (;;);
}

if (at === 'restoring' || at === 'restored') {
  const { renameSync } = fs
  fs.renameSync = (from, to) => {
    if (at === 'restoring' && String(from).endsWith('.restoring')) die()

    renameSync(from, to)
    if (String(from).endsWith('.restoring')) die()
  }
  syncBuiltinESMExports()
}

function plantInCommit(): void {
  const database = DatabaseSync.prototype
  const { exec } = database
  database.exec = function (this: DatabaseSync, sql: string) {
    if (sql === 'COMMIT' && at === 'before commit') die()
    exec.call(this, sql)
    if (sql === 'COMMIT' && at === 'after commit') die()
  }
}

const { Duties } = await import('../../deploy/duties/duties.ts')
const { withHost } = await import('../../deploy/duties/offline.ts')
const { restoreKeys } = await import('../../deploy/duties/key-backup.ts')
const { systemChance, systemClock } = await import('../../deploy/system.ts')

if (restore === undefined) await eraseAndDie()
else await restoreKeys(data, restore, { clock: systemClock(), chance: systemChance() })

async function eraseAndDie(): Promise<void> {
  await withHost(data, async (host) => {
    const { chain } = host.registry
    let leaves = 0
    let last: Promise<unknown> = Promise.resolve()
    const append: typeof chain.append = (entry) => {
      if (entry.kind === 'erasure') leaves += 1
      if (at === `leaf ${String(leaves - 1)}`) return last.then(die)
      const appended = chain.append(entry)
      last = appended
      return appended
    }
    const watched = { ...host.registry, chain: { ...bound(chain), append } }
    const asked: unknown[] = [{ ask: 'order', order }, { answer: 'kept' }]
    await new Duties({ ...host, registry: watched }).talk({
      send: (message) => {
        const { say, step } = message as { say: string; step?: string }
        if (step === at || say === at) die()
        if (step === 'recorded') plantInCommit()
      },
      receive: () => Promise.resolve(asked.shift()),
      close: () => undefined,
    })
  })
}

function bound(chain: Parameters<Parameters<typeof withHost>[1]>[0]['registry']['chain']) {
  return {
    origin: chain.origin,
    head: () => chain.head(),
    accepts: () => chain.accepts(),
    close: () => chain.close(),
  }
}
