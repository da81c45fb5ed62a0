#!/usr/bin/env node
/** The command `gongdao`: for operators, registrars and auditors. Every command has `--json` and `--data DIR`. */
import { Command } from 'commander'
import { printableLines } from '../gateway/ports/printable.ts'
import { archiveCommand } from './commands/archive.ts'
import { certsCommand } from './commands/certs.ts'
import { demoCommand } from './commands/demo.ts'
import { explainCommand } from './commands/explain.ts'
import { keysCommand } from './commands/keys.ts'
import { kafkaCommand } from './commands/kafka.ts'
import { approveCommand } from './commands/approve.ts'
import { eraseCommand } from './commands/erase.ts'
import { holdCommand } from './commands/hold.ts'
import { officersCommand } from './commands/officers.ts'
import { openCommand } from './commands/open.ts'
import { ownCopyCommand } from './commands/own-copy.ts'
import { exportCommand } from './commands/export.ts'
import { pruneCommand } from './commands/prune.ts'
import { receiptCommand } from './commands/receipt.ts'
import { replayCommand } from './commands/replay.ts'
import { serveCommand } from './commands/serve.ts'
import { statusCommand } from './commands/status.ts'
import { verifyCommand } from './commands/verify.ts'
import { witnessCommand } from './commands/witness.ts'

const program = new Command('gongdao')
  .description(
    '公道 Gongdao: an inter-agency data-exchange gateway that decides, limits and proves every exchange',
  )
  // What stands behind a command's own command is that one's (gongdao archive restore … --to).
  .enablePositionalOptions()
  .addCommand(demoCommand())
  .addCommand(serveCommand())
  .addCommand(statusCommand())
  .addCommand(verifyCommand())
  .addCommand(exportCommand())
  .addCommand(replayCommand())
  .addCommand(explainCommand())
  .addCommand(receiptCommand())
  .addCommand(witnessCommand())
  .addCommand(archiveCommand())
  .addCommand(pruneCommand())
  .addCommand(certsCommand())
  .addCommand(keysCommand())
  .addCommand(ownCopyCommand())
  .addCommand(openCommand())
  .addCommand(officersCommand())
  .addCommand(holdCommand())
  .addCommand(eraseCommand())
  .addCommand(approveCommand())
  .addCommand(kafkaCommand())

try {
  await program.parseAsync()
} catch (fault) {
  process.stderr.write(`${told(fault)}\n`)
  process.exitCode = 1
}

/** Whoever asked for JSON reads no prose, not even of a fault. */
function told(fault: unknown): string {
  const { name, message } = fault instanceof Error ? fault : new Error(String(fault))
  return process.argv.includes('--json')
    ? JSON.stringify({ error: name, message })
    : `gongdao: ${printableLines(message)}`
}
