/** `gongdao keys backup|restore`: the key store against loss, without undoing an erasure. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { replaceFile } from '../../adapters/certs-folder/durable-file.ts'
import { askDuties } from '../duties/ask-duties.ts'
import { BackupRefused, restoreKeys } from '../duties/key-backup.ts'
import { systemChance, systemClock } from '../system.ts'
import { assertLedger, daysOf, tell, withData } from './duty-options.ts'
import { firstLineOf } from './first-line.ts'

interface Common {
  readonly data: string
  readonly json?: true
  readonly passphrase: string
}

export function keysCommand(): Command {
  return new Command('keys')
    .description('the store of persons’ keys: backups that expire, and the way back')
    .addCommand(backup())
    .addCommand(restore())
}

function backup(): Command {
  return withData(new Command('backup'))
    .description('write an encrypted copy of the key store; a running gateway makes it itself')
    .requiredOption('--to <file>', 'where')
    .requiredOption('--passphrase <file>', 'its first line, 12 characters or more; - reads input')
    .option('--days <days>', 'until nobody can open it any more, at most 30', '14')
    .addHelpText(
      'after',
      '\nThe backup opens only with its passphrase and with its own key in <data>/keys/backups, which is destroyed when it expires.\nKeep that folder on another medium than keys.sqlite, and keep <data>/keys out of every other backup: a copy of it never expires.',
    )
    .action(async (options: Common & { readonly to: string; readonly days: string }) => {
      assertLedger(options.data)
      const passphrase = firstLineOf(options.passphrase)
      const asking = { ask: 'backup', days: daysOf(options), passphrase } as const
      const outcome = await askDuties(options.data, asking)
      if (outcome.kind !== 'backed-up') throw new BackupRefused('no backup was made')
      replaceFile(options.to, outcome.file, 0o600)
      const expires = new Date(outcome.expires).toISOString()
      tell(options.json, { file: options.to, expires }, [`${options.to}: expires on ${expires}`])
    })
}

function restore(): Command {
  return withData(new Command('restore'))
    .description('put a backup back; who was erased since stays erased. The gateway is stopped')
    .requiredOption('--from <file>', 'the backup')
    .requiredOption('--passphrase <file>', 'its first line; - reads input')
    .option('--replace', 'even where the key store is there and can be read')
    .action(async (options: Common & { readonly from: string; readonly replace?: true }) => {
      assertLedger(options.data)
      const text = readFileSync(options.from, 'utf8')
      const passphrase = firstLineOf(options.passphrase)
      const restored = await restoreKeys(
        options.data,
        { text, passphrase, replace: options.replace === true },
        { clock: systemClock(), chance: systemChance() },
      )
      const made = new Date(restored.made).toISOString()
      tell(options.json, { made, erasedSince: restored.erasedSince }, [
        `the key store of ${made} is back; ${String(restored.erasedSince)} person(s) erased since then stay erased`,
        'Keys made after it are lost: gongdao verify --key-store names the exchanges.',
      ])
    })
}
