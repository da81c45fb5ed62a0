/** The commands of deploy/gongdao.ts in the process of the test, which spares a start for each (`command.ts` starts the real one). */
import { jest } from '@jest/globals'
import { Command } from 'commander'
import { approveCommand } from '../../deploy/commands/approve.ts'
import { eraseCommand } from '../../deploy/commands/erase.ts'
import { explainCommand } from '../../deploy/commands/explain.ts'
import { exportCommand } from '../../deploy/commands/export.ts'
import { holdCommand } from '../../deploy/commands/hold.ts'
import { keysCommand } from '../../deploy/commands/keys.ts'
import { officersCommand } from '../../deploy/commands/officers.ts'
import { openCommand } from '../../deploy/commands/open.ts'
import { ownCopyCommand } from '../../deploy/commands/own-copy.ts'
import { receiptCommand } from '../../deploy/commands/receipt.ts'
import { replayCommand } from '../../deploy/commands/replay.ts'
import { verifyCommand } from '../../deploy/commands/verify.ts'
import { witnessCommand } from '../../deploy/commands/witness.ts'

export interface Told {
  readonly code: number
  readonly out: string
  readonly error: string
}

const COMMANDS = [
  ...[approveCommand, eraseCommand, explainCommand, exportCommand, holdCommand, keysCommand],
  ...[officersCommand, openCommand, ownCopyCommand, receiptCommand, replayCommand, verifyCommand],
  witnessCommand,
]

/** A fault is told as JSON. */
export async function gongdaoHere(...words: readonly string[]): Promise<Told> {
  const told = { out: '', error: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      told[stream === 'stdout' ? 'out' : 'error'] += text.toString()
      return true
    }),
  )
  const program = new Command('gongdao')
  for (const make of COMMANDS) program.addCommand(make())
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (fault) {
    const { message, name } = fault as Error
    told.error += JSON.stringify({ error: name, message })
    process.exitCode = 1
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  const code = Number(process.exitCode ?? 0)
  process.exitCode = 0
  return { ...told, code }
}
