/**
 * The hashes of RFC 6962 §2.1. A tree hash is held as 32 Latin-1 characters: strings are compared by value, cost no
 * Buffer each (three times the price of the hash itself), and never change under a reader.
 */
import { hash } from 'node:crypto'
import { Digest } from '../../policies/vocabulary.ts'

/** SHA-256 as 32 characters U+0000 to U+00FF. */
export type TreeHash = string

const node = Buffer.alloc(65)
node[0] = 1

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: TreeHash, right: TreeHash): TreeHash {
  node.write(left, 1, 32, 'latin1')
  node.write(right, 33, 32, 'latin1')
  return hash('sha256', node, 'binary')
}

/** Hash of a leaf whose bytes already stand behind the prefix 0x00. */
export function leafHash(prefixed: Uint8Array): TreeHash {
  return hash('sha256', prefixed, 'binary')
}

export function leafHashOf(leaf: string): TreeHash {
  return hash('sha256', `\0${leaf}`, 'binary')
}

export const EMPTY_TREE: TreeHash = hash('sha256', '', 'binary')

/** SHA-256 of bytes, or of a text's UTF-8, as records name one another. */
export function digestOf(content: string | Uint8Array): Digest {
  return Digest.parse(hash('sha256', content, 'base64url'))
}

export function digestOfTreeHash(treeHash: TreeHash): Digest {
  return Digest.parse(Buffer.from(treeHash, 'latin1').toString('base64url'))
}

export function treeHashOfDigest(digest: Digest): TreeHash {
  return Buffer.from(digest, 'base64url').toString('latin1')
}

export function base64OfTreeHash(treeHash: TreeHash): string {
  return Buffer.from(treeHash, 'latin1').toString('base64')
}

/** Undefined unless the text is the one canonical base64 of 32 bytes. */
export function treeHashOfBase64(text: string): TreeHash | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === 32 && bytes.toString('base64') === text
    ? bytes.toString('latin1')
    : undefined
}
