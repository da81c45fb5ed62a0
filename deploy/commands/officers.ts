/** `gongdao officers`: who may sign orders. The registrar keeps the list; each list that an order is checked with becomes a leaf. */
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import type { Officer, Role } from '../../gateway/ledger/duty-events.ts'
import { makeOfficerKey } from '../duties/make-order.ts'
import { followsRegistry, holdsKeys } from '../duties/own-gateway.ts'
import { officersFile, readOfficers, writeOfficers } from '../duties/officers-file.ts'
import { assertLedger, tell, withData } from './duty-options.ts'

interface Common {
  readonly data: string
  readonly json?: true
}

export function officersCommand(): Command {
  return new Command('officers')
    .description('who may sign orders about persons’ keys and about pruning, and with which key')
    .addCommand(key())
    .addCommand(add())
    .addCommand(remove())
    .addCommand(list())
}

function key(): Command {
  return new Command('key')
    .description('an officer makes her own key; she gives the registrar the public part only')
    .argument('<file>', 'where the private key is written, PEM, mode 0600')
    .option('--json', 'answer as one JSON object')
    .action((file: string, { json }: { readonly json?: true }) => {
      const made = makeOfficerKey(file)
      tell(json, { file, key: made }, [`${file}; public key for the registrar: ${made}`])
    })
}

/** A list that nobody would look at makes nobody an officer, and says of nobody that she is none. */
function assertRegistrar(data: string): void {
  if (!followsRegistry(data)) return
  throw new RangeError(
    `${data} follows a registry that another process writes: name the registrar's data folder, which keeps the list of officers`,
  )
}

/** An empty list is one of a folder that keeps a list, not of any folder that was named by mistake. */
function registered(data: string): readonly Officer[] {
  const officers = readOfficers(data)
  if (officers === undefined) assertLedger(data)
  return officers ?? []
}

function add(): Command {
  return withData(new Command('add'))
    .description('register an officer, or change her roles')
    .argument('<id>', 'a code such as DPO-1, never a name: it stands in the log')
    .requiredOption('--key <key>', 'her public key, as gongdao officers key printed it')
    .requiredOption('--role <roles...>', 'auditor, data-protection, erasure, legal')
    .action((id: string, options: Common & { readonly key: string; readonly role: Role[] }) => {
      const { data, json, role } = options
      // A new instance's may be registered before its first start.
      if (!existsSync(data)) assertLedger(data)
      assertRegistrar(data)
      const others = (readOfficers(data) ?? []).filter((officer) => officer.id !== id)
      writeOfficers(data, [...others, { id, key: options.key, roles: role }])
      tell(json, { id, roles: role }, [`${id} is registered in ${officersFile(data)}`])
    })
}

function remove(): Command {
  return withData(new Command('remove'))
    .description('an officer signs nothing any more')
    .argument('<id>', 'her code')
    .action((id: string, { data, json }: Common) => {
      assertRegistrar(data)
      const officers = registered(data)
      if (!officers.some((officer) => officer.id === id)) throw new RangeError(`no officer ${id}`)
      writeOfficers(
        data,
        officers.filter((officer) => officer.id !== id),
      )
      tell(json, { id }, [`${id} is removed`])
    })
}

function list(): Command {
  return withData(new Command('list'))
    .description('who is registered')
    .action(({ data, json }: Common) => {
      if (holdsKeys(data)) assertRegistrar(data)
      const officers = registered(data)
      const lines = officers.map(({ id, roles }) => `${id}  ${roles.join(', ')}`)
      tell(json, { officers }, lines.length === 0 ? ['nobody is registered'] : lines)
    })
}
