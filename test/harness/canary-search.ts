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

/**
 * Whether a value really stands where its base64 `at` so many bytes was found: characters at its ends are shared with neighbours, and an
 * amount is none in the middle of a longer number (every certificate has its dates: 2026-12-22 18 h would be 122218).
 */
export function standsInBase64(content: Buffer, value: string, shift: number): boolean {
  const first = shift === 0 ? 0 : shift + 1
  const length = Math.ceil(((Buffer.byteLength(value) + shift) * 8) / 6)
  for (const alphabet of ['base64', 'base64url'] as const) {
    const spelled = within(Buffer.from(value), shift, alphabet)
    for (let at = content.indexOf(spelled); at >= 0; at = content.indexOf(spelled, at + 1)) {
      const start = at - first
      const { before, decoded } = decodedAround(content, { start, length, alphabet })
      if (stands(decoded, Buffer.from(value), before + shift)) return true
    }
  }
  return false
}

/** With the group of four characters in front and the one behind, which may be on other lines. */
function decodedAround(
  content: Buffer,
  at: {
    readonly start: number
    readonly length: number
    readonly alphabet: 'base64' | 'base64url'
  },
): { readonly before: number; readonly decoded: Buffer } {
  const end = at.start + 4 * Math.ceil(at.length / 4)
  const characters = (from: number, to: number): string =>
    content.toString('latin1', Math.max(0, from), Math.max(0, to)).replace(/\\n|\s/g, '')
  const front = characters(at.start - 8, at.start).slice(-4)
  const isGroup = /^[\w+/-]{4}$/.test(front)
  const text = `${isGroup ? front : ''}${characters(at.start, end)}${characters(end, end + 8).slice(0, 4)}`
  return { before: isGroup ? 3 : 0, decoded: Buffer.from(text, at.alphabet) }
}

function stands(bytes: Buffer, value: Buffer, at: number): boolean {
  const end = at + value.length
  if (!bytes.subarray(at, end).equals(value)) return false
  const isDigit = (byte: number | undefined): boolean => /^\d$/.test(String.fromCharCode(byte ?? 0))
  return !value.every(isDigit) || !(isDigit(bytes[at - 1]) || isDigit(bytes[end]))
}
