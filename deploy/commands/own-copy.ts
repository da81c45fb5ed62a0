/** `gongdao own-copy FILE`: a person reads what she was handed, anywhere, without a ledger. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { parseLockedFile, unlockContent } from '../duties/locked-file.ts'
import { firstLineOf } from './first-line.ts'

export function ownCopyCommand(): Command {
  return new Command('own-copy')
    .description('open the copy that was handed to a person before her key was destroyed')
    .argument('<file>', 'the file')
    .requiredOption(
      '--passphrase <file>',
      'its first line is the passphrase; - reads standard input',
    )
    .action((file: string, { passphrase }: { readonly passphrase: string }) => {
      const locked = parseLockedFile(readFileSync(file, 'utf8'))
      const content = unlockContent(locked, { passphrase: firstLineOf(passphrase) })
      process.stdout.write(`${JSON.stringify(JSON.parse(content.toString()), undefined, 2)}\n`)
    })
}
