/** `<data>/officers.json`: who may sign orders, kept by the registrar (`gongdao officers`). Each list that is used becomes a leaf. */
import { existsSync, readFileSync } from 'node:fs'
import { replaceFile } from '../../adapters/certs-folder/durable-file.ts'
import type { Officer } from '../../gateway/ledger/duty-events.ts'
import { OrderMalformed, parseOfficers } from './order.ts'

export function officersFile(data: string): string {
  return `${data}/officers.json`
}

/** Undefined where there is no such file: a gateway that follows another's registry takes the list on record. */
export function readOfficers(data: string): readonly Officer[] | undefined {
  const file = officersFile(data)
  if (!existsSync(file)) return undefined
  return parseOfficers(jsonIn(file))
}

/** Throws `OrderMalformed` where the list is not one. */
export function writeOfficers(data: string, officers: readonly Officer[]): void {
  parseOfficers({ officers })
  replaceFile(officersFile(data), `${JSON.stringify({ officers }, undefined, 2)}\n`, 0o644)
}

/** A syntax error of JSON.parse repeats what it read; ours does not. */
export function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown
  } catch (fault) {
    if (fault instanceof SyntaxError) throw new OrderMalformed(`${file} holds no JSON`)
    throw fault
  }
}
