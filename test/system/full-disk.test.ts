/** A disk that is really full, below the whole gateway: journal, key store and everything else that writes there. */
import { afterEach, expect } from '@jest/globals'
import { audit } from '../harness/audit.ts'
import { mountSmallDisk, type SmallDisk } from '../harness/small-disk.ts'
import { headerOf, startSystem, type System } from '../harness/system.ts'
import { until } from '../harness/until.ts'
import { testNeeding } from '../house/needs.ts'

const DISK_BYTES = 64 * 1024 * 1024
const CALLERS = 16
// More than the first segment of a journal holds.
const MOST_ROUNDS = 100

let disk: SmallDisk | undefined
let system: System | undefined

afterEach(async () => {
  await system?.stop()
  disk?.[Symbol.dispose]()
  await system?.[Symbol.asyncDispose]()
})

testNeeding('mount')(
  'on a full disk what is begun is finished, what is new gets 503 and when to come again; once there is room it goes on',
  async () => {
    system = await startSystem({
      prepare: (data) => {
        disk = mountSmallDisk(data, DISK_BYTES)
      },
    })
    const { data } = system
    const ask = system.run.bind(system, 'S3', {})
    expect((await ask()).status).toBe(200)

    // With every segment that is made ahead, so that some exchanges still pass.
    await until(() => disk?.isSettled() === true, 'the segments are there', { every: 300 })
    disk?.fill()
    let last = await ask()
    for (let round = 0; round < MOST_ROUNDS && last.status === 200; round += 1) {
      const answers = await Promise.all(Array.from({ length: CALLERS }, ask))
      const codes = new Set(answers.map(({ status }) => status))
      expect([...codes].filter((code) => code !== 200 && code !== 503)).toEqual([])
      last = answers.find(({ status }) => status !== 200) ?? last
    }
    expect([last.status, headerOf(last, 'x-road-error')]).toEqual([
      503,
      'Server.Ledger.Unavailable',
    ])
    expect(Number(headerOf(last, 'retry-after'))).toBeGreaterThan(0)
    expect(last.body).not.toContain('disk')
    const { checks, state } = system.gateway.health.health.report()
    expect(state).toBe('failing')
    expect(checks.find(({ name }) => name === 'ledger')?.words).toContain('the disk is full')

    disk?.free()
    await until(async () => (await ask()).status === 200, 'there is room again')
    const published = (): string | undefined =>
      system?.gateway.health.health.report().checks.find(({ name }) => name === 'checkpoints')
        ?.state
    await until(() => published() === 'ok', 'checkpoints are published again')
    // Nothing was told where the last page of their file had room for those that were made meanwhile.
    const told = system.reports.filter((each) => each.startsWith('checkpoints are'))
    expect([undefined, 'checkpoints are published again']).toContain(told.at(-1))
    await system.stop()
    expect((await audit(data)).findings).toEqual([])
  },
  120_000,
)
