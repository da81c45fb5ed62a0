/** C2SP tlog-proof, the file format of a receipt: index, inclusion proof and checkpoint, and `extra` for our record. */
import { treeHashOfBase64 } from './hash.ts'
import type { TreeHash } from './hash.ts'

export const PROOF_HEADER = 'c2sp.org/tlog-proof@v1\n'
/** A tree of 2^53 leaves has paths of 53 hashes. */
const LONGEST_PATH = 63

export interface ProofParts {
  readonly index: number
  /** Siblings from leaf to root: base64, each ends with a newline. */
  readonly lines: string
  /** The checkpoint, a signed note. */
  readonly note: string
  readonly extra?: Uint8Array
}

export function proofText(parts: ProofParts): string {
  const extra = parts.extra === undefined ? '' : `extra ${base64(parts.extra)}\n`
  return `${PROOF_HEADER}${extra}index ${parts.index}\n${parts.lines}\n${parts.note}`
}

export interface ParsedProof {
  readonly index: number
  readonly path: readonly TreeHash[]
  readonly note: string
  readonly extra: Buffer | undefined
}

/** Undefined where the text is not exactly of the format; attacker-controlled. The note is not looked at. */
export function parseProof(text: string): ParsedProof | undefined {
  const blank = text.indexOf('\n\n')
  if (!text.startsWith(PROOF_HEADER) || blank < 0) return undefined
  const lines = text.slice(PROOF_HEADER.length, blank).split('\n')
  const extraLine = lines[0]?.startsWith('extra ') === true ? lines.shift() : undefined
  const extra = extraLine === undefined ? undefined : strictBase64(extraLine.slice(6))
  const index = indexOf(lines.shift())
  const path = pathOf(lines)
  if (index === undefined || path === undefined) return undefined
  if (extraLine !== undefined && extra === undefined) return undefined
  return { index, path, note: text.slice(blank + 2), extra }
}

function pathOf(lines: readonly string[]): readonly TreeHash[] | undefined {
  const path = lines.map(treeHashOfBase64)
  return lines.length <= LONGEST_PATH && isWhole(path) ? path : undefined
}

/** A size or an index: decimal, no leading zero, exact as a number. */
export function decimal(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

export function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

function indexOf(line: string | undefined): number | undefined {
  return line?.startsWith('index ') === true ? decimal(line.slice(6)) : undefined
}

function isWhole(path: readonly (TreeHash | undefined)[]): path is readonly TreeHash[] {
  return !path.includes(undefined)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
