/**
 * A gateway as a process of its own, to be killed:
 *
 *     node test/system/gateway.program.ts '{"data":…,"addresses":[[id,url],…],"crash":{"at":"sync","number":7}}'
 *
 * Says `ready <url>` on standard output. A crash is SIGKILL by its own hand at a certain system call on the journal, counted
 * from the start: no clean-up runs, and what the call had not done yet is not done.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { GATE_CACHE } from '../harness/gate-cache.ts'
import type { Crash, ProgramOptions } from './gateway-process.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as ProgramOptions

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; not one more system call of ours may be.
  for (;;);
}

function counted(crash: Crash): () => boolean {
  let calls = 0
  return () => {
    calls += 1
    return calls === crash.number
  }
}

function plant(crash: Crash): void {
  const isTime = counted(crash)
  const { fdatasync, writeSync } = fs
  if (crash.at === 'sync' || crash.at === 'synced') {
    fs.fdatasync = ((fd: number, done: (fault: Error | null) => void) => {
      const now = isTime()
      if (now && crash.at === 'sync') die()
      fdatasync(fd, (fault) => {
        if (now) die()
        done(fault)
      })
    }) as typeof fs.fdatasync
  } else {
    fs.writeSync = ((...args: [number, Uint8Array, number, number, number]) => {
      if (!isTime()) return writeSync(...args)
      const [fd, bytes, from, count, position] = args
      writeSync(fd, bytes, from, Math.floor(count * 0.6), position)
      return die()
    }) as typeof fs.writeSync
  }
  syncBuiltinESMExports()
}

/** From now on there is no room for a new segment: its name can be made, its bytes can't. */
function fillDisk(): void {
  fs.write = ((...args: unknown[]) => {
    const done = args.at(-1) as (fault: Error) => void
    setImmediate(done, Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }))
  }) as typeof fs.write
  syncBuiltinESMExports()
}

if (options.crash !== undefined) plant(options.crash)
process.on('SIGUSR2', fillDisk)

// Behind the planting, so that no module has taken the real calls before.
const { startGateway } = await import('../../deploy/wire.ts')
const { systemChance, systemClock } = await import('../../deploy/system.ts')
const { PATIENT } = await import('../harness/patient.ts')
const { GatewayId, SubsystemId } = await import('../../policies/vocabulary.ts')

const gateway = await startGateway(
  {
    data: options.data,
    instance: 'TW',
    gateway: GatewayId.parse('TW/GOV/GONGDAO/gateway-1'),
    listen: { host: '127.0.0.1', port: 0 },
    addresses: new Map(
      options.addresses.map(([id, url]) => [SubsystemId.parse(id), new URL(url)] as const),
    ),
    syntheticIds: true,
    revocationGraceMs: 3_600_000,
    rememberedExchanges: 10_000,
    cache: GATE_CACHE,
    ...PATIENT,
    ...(options.replication && { replication: options.replication }),
  },
  {
    clock: systemClock(),
    chance: systemChance(),
    report: (sentence) => process.stderr.write(`${sentence}\n`),
    onFatal: () => process.exit(70),
    onGateProgress: () => undefined,
  },
)
process.once('SIGTERM', () => {
  void gateway.close().then(() => process.exit(0))
})
process.stdout.write(`ready ${gateway.url.href}\n`)
