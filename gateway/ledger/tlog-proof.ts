/** C2SP tlog-proof, the file format of a receipt: index, inclusion proof and checkpoint, and `extra` for our record. */

const HEADER = 'c2sp.org/tlog-proof@v1\n'

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
  return `${HEADER}${extra}index ${parts.index}\n${parts.lines}\n${parts.note}`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
