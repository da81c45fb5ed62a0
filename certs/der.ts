/**
 * Reads DER (X.690 §10): definite, shortest lengths, one value with nothing after it. What it reads is
 * attacker-controlled, and one meaning for one text is what an identity rests on, so everything else is refused.
 */
import { Malformed, Instant } from '../policies/vocabulary.ts'

export interface Der {
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number
  readonly content: Buffer
  /** The whole value, with tag and length. */
  readonly whole: Buffer
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const

/** The one value that `bytes` hold. Throws `Malformed`. */
export function readDer(bytes: Uint8Array): Der {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value = valueAt(buffer, 0)
  if (value.whole.length !== buffer.length)
    throw new Malformed('one DER value and nothing after it')
  return value
}

/** The values inside a constructed one. Throws `Malformed`. */
export function childrenOf(value: Der): Der[] {
  if ((value.tag & 0x20) === 0) throw new Malformed('a constructed DER value')
  const children: Der[] = []
  for (let at = 0; at < value.content.length;) {
    const child = valueAt(value.content, at)
    children.push(child)
    at += child.whole.length
  }
  return children
}

/** The value, if it has this tag. Throws `Malformed`. */
export function demand(value: Der | undefined, tag: number): Der {
  if (value?.tag !== tag) throw new Malformed(`a DER value with tag 0x${tag.toString(16)}`)
  return value
}

/** An object identifier in dotted form. */
export function oidOf(value: Der | undefined): string {
  const { content } = demand(value, TAG.oid)
  const arcs: number[] = []
  let arc = 0
  for (const octet of content) {
    if (arc > 0xfffffff) throw new Malformed('an object identifier with arcs of at most 35 bits')
    arc = arc * 128 + (octet & 0x7f)
    if (octet >= 0x80) continue
    arcs.push(arc)
    arc = 0
  }
  const [first, ...others] = arcs
  if (first === undefined || arc !== 0) throw new Malformed('an object identifier')
  const top = Math.min(Math.floor(first / 40), 2)
  return [top, first - top * 40, ...others].join('.')
}

/** A non-negative INTEGER in lower-case hexadecimal without leading zeros: how serial numbers are compared. */
export function integerOf(value: Der | undefined): string {
  const { content } = demand(value, TAG.integer)
  const first = content[0]
  if (first === undefined || first >= 0x80) throw new Malformed('an INTEGER that is not negative')
  if (first === 0 && content.length > 1 && (content[1] ?? 0) < 0x80) {
    throw new Malformed('an INTEGER in its shortest form')
  }
  return content.toString('hex').replace(/^0+(?=.)/, '')
}

/** BOOLEAN: DER knows 0x00 and 0xff only. */
export function booleanOf(value: Der | undefined): boolean {
  const { content } = demand(value, TAG.boolean)
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
    throw new Malformed('a BOOLEAN')
  return content[0] === 0xff
}

/** The octets of a BIT STRING without unused bits. */
export function bitsOf(value: Der | undefined): Buffer {
  const { content } = demand(value, TAG.bitString)
  if (content[0] !== 0) throw new Malformed('a BIT STRING of whole octets')
  return content.subarray(1)
}

/** UTCTime or GeneralizedTime in the one form that RFC 5280 §4.1.2.5 allows. */
export function timeOf(value: Der | undefined): Instant {
  const digits =
    value?.tag === TAG.utcTime
      ? centuryAdded(value.content.toString('latin1'))
      : demand(value, TAG.generalizedTime).content.toString('latin1')
  const form = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  if (!form.test(digits)) throw new Malformed('a time of RFC 5280')
  return Instant.parse(digits.replace(form, '$1-$2-$3T$4:$5:$6Z'))
}

/** Two digits of a year mean 1950 to 2049. */
function centuryAdded(text: string): string {
  return (text < '50' ? '20' : '19') + text
}

function valueAt(buffer: Buffer, at: number): Der {
  const tag = buffer[at]
  if (tag === undefined || (tag & 0x1f) === 0x1f) throw new Malformed('a DER value')
  const { length, start } = lengthAt(buffer, at + 1)
  const end = start + length
  if (end > buffer.length) throw new Malformed('a DER value that is all there')
  return { tag, content: buffer.subarray(start, end), whole: buffer.subarray(at, end) }
}

function lengthAt(buffer: Buffer, at: number): { length: number; start: number } {
  const first = buffer[at]
  if (first === undefined) throw new Malformed('a DER length')
  if (first < 0x80) return { length: first, start: at + 1 }
  const octets = first & 0x7f
  if (octets === 0 || octets > 4 || at + 1 + octets > buffer.length)
    throw new Malformed('a definite DER length')
  const length = buffer.readUIntBE(at + 1, octets)
  if (length < 0x80 || length < 2 ** (8 * (octets - 1)))
    throw new Malformed('the shortest DER length')
  return { length, start: at + 1 + octets }
}
