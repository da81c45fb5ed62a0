/** The cryptography that documents need, from node:crypto: policies/ has none of its own. */
import { hash } from 'node:crypto'
import { Digest } from '../policies/vocabulary.ts'

/** SHA-256 of the text in UTF-8. */
export function sha256(text: string): Digest {
  return Digest.parse(hash('sha256', text, 'base64url'))
}
