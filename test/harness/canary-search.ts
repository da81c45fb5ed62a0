/** Looks for values of people in files, however they may be spelled there. */
import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Every spelling in which a value could stand in a file, as bytes. */
export function spellings(value: string): ReadonlyMap<string, Buffer> {
  const bytes = Buffer.from(value)
  const digest = hash('sha256', value, 'buffer')
  const hex = bytes.toString('hex')
  const found = new Map<string, Buffer>([
    ['plain', bytes],
    ['UTF-16', Buffer.from(value, 'utf16le')],
    ['escaped', Buffer.from(JSON.stringify(value).slice(1, -1))],
    ['percent-encoded', Buffer.from(encodeURIComponent(value))],
    ['hex', Buffer.from(hex)],
    ['HEX', Buffer.from(hex.toUpperCase())],
    ['SHA-256', digest],
    ['SHA-256 in hex', Buffer.from(digest.toString('hex'))],
    ['SHA-256 in base64', Buffer.from(digest.toString('base64').slice(0, 42))],
    ['SHA-256 in base64url', Buffer.from(digest.toString('base64url').slice(0, 42))],
  ])
  for (let shift = 0; shift < 3; shift += 1) {
    for (const alphabet of ['base64', 'base64url'] as const) {
      found.set(`${alphabet} at ${String(shift)}`, Buffer.from(within(bytes, shift, alphabet)))
    }
  }
  return found
}

/** The characters of base64 that depend on the value alone when `shift` other bytes stand before it. */
function within(bytes: Buffer, shift: number, alphabet: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString(alphabet)
    .replace(/=+$/, '')
  const first = shift === 0 ? 0 : shift + 1
  const whole = Math.floor(((bytes.length + shift) * 8) / 6)
  return text.slice(first, whole)
}
