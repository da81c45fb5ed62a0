/**
 * A witness as a process of its own, to be killed:
 *
 *     node test/witness/witness.program.ts '{"data":…,"keys":…,"tls":{…},"crash":{"at":"write","number":7}}'
 *
 * Says its port on standard output. A crash is SIGKILL by its own hand at the nth write, sync or rename of what it remembers; what the call had
 * not done yet is not done.
 */
import fs from 'node:fs'
import { startWitness } from '../../deploy/start-witness.ts'
import { systemClock } from '../../deploy/system.ts'
import { parsePinnedKeys } from '../../gateway/ledger/pinned-keys.ts'
import { cosignerOf } from '../../gateway/witness/cosignature.ts'

export interface WitnessProgramOptions {
  readonly data: string
  readonly keys: string
  readonly tls: { readonly cert: string; readonly key: string }
  readonly crash?: {
    readonly at: 'write' | 'half-write' | 'sync' | 'synced'
    readonly number: number
  }
}

const options = JSON.parse(process.argv[2] ?? '{}') as WitnessProgramOptions

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

async function plant({ at, number }: NonNullable<WitnessProgramOptions['crash']>): Promise<void> {
  const handle = await fs.promises.open(process.argv[1] ?? '', 'r')
  const its = Object.getPrototypeOf(handle) as fs.promises.FileHandle
  await handle.close()
  const { appendFile, datasync } = its
  let calls = 0
  const isTime = (): boolean => (calls += 1) === number
  if (at === 'sync' || at === 'synced') {
    its.datasync = async function (this: fs.promises.FileHandle) {
      const now = isTime()
      if (now && at === 'sync') die()
      await datasync.call(this)
      if (now) die()
    }
  } else {
    its.appendFile = async function (this: fs.promises.FileHandle, data) {
      if (!isTime()) return appendFile.call(this, data)
      const text = typeof data === 'string' ? data : ''
      if (at === 'half-write') fs.writeSync(this.fd, text.slice(0, text.length / 2))
      return die()
    }
  }
}

if (options.crash !== undefined) await plant(options.crash)
const witness = await startWitness(
  {
    data: options.data,
    listen: { host: '127.0.0.1', port: 0 },
    cosigner: cosignerOf('audit.example/w1', Buffer.alloc(32, 7)),
    keys: parsePinnedKeys(options.keys),
    tls: options.tls,
  },
  { clock: systemClock(), report: (sentence) => process.stderr.write(`${sentence}\n`) },
)
process.stdout.write(`${witness.url.port}\n`)
