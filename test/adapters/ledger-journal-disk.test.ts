/** The disk of the journal is the real one: every other test may replace it, or kill the process and leave the kernel alive. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

// In a process of its own: there the calls can be counted before anybody has taken them.
const PROGRAM = `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const calls = []
const { fdatasync } = fs
let release
fs.fdatasync = (fd, done) => { calls.push(fd); release = () => fdatasync(fd, done) }
syncBuiltinESMExports()
const { nodeDisk } = await import(process.argv[1])
const file = await nodeDisk.create(process.argv[2])
file.write(Buffer.from('leaf'), 0)
let synced = false
const syncing = file.sync().then(() => { synced = true })
await new Promise(setImmediate)
const before = synced
release?.()
await syncing
console.log(JSON.stringify({ calls: calls.length, before, synced }))
`

test('a sync is an fdatasync of the kernel, and is over when that is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-disk-'))
  try {
    const disk = new URL('../../adapters/ledger-journal/disk.ts', import.meta.url).href
    const words = ['--input-type=module', '-e', PROGRAM, disk, join(folder, 'segment')]
    const told = execFileSync(process.execPath, words, { encoding: 'utf8' })
    expect(JSON.parse(told)).toEqual({ calls: 1, before: false, synced: true })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
