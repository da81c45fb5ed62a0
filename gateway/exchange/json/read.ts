/**
 * A JSON text (RFC 8259) read strictly into a small tree: for requests, whose few values are wanted as they were
 * written. Members keep their order, and those that stand twice are all there: it is for the reader of the tree to
 * refuse them by what they are. Numbers keep their text.
 */
import { isAscii, type Buffer } from 'node:buffer'
import {
  afterSpace,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  DEEPEST,
  numberEnd,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  stringEnd,
  wordEnd,
} from './scan.ts'
import { layOut, meaning, wipe } from './text-bytes.ts'

export type JsonNode =
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly elements: readonly JsonNode[] }
  /** `text`: what the string means, or how the number or the word is spelled. */
  | { readonly kind: 'string' | 'number' | 'word'; readonly text: string }

export interface JsonMember {
  readonly name: string
  readonly value: JsonNode
}

/** Undefined: not JSON, not UTF-8, or nested deeper than 32. */
export function readJson(text: Buffer): JsonNode | undefined {
  const bytes = layOut(text)
  if (bytes === undefined) return undefined
  const reader = new Reader(text, bytes)
  const node = reader.whole()
  wipe(text.length)
  return node
}

class Reader {
  readonly #text: Buffer
  readonly #bytes: Uint8Array
  /** Of ASCII both read the same, and latin1 is read faster. */
  readonly #encoding: 'latin1' | 'utf8'
  #at = 0
  #depth = 0

  constructor(text: Buffer, bytes: Uint8Array) {
    this.#text = text
    this.#bytes = bytes
    this.#encoding = isAscii(text) ? 'latin1' : 'utf8'
  }

  whole(): JsonNode | undefined {
    this.#skipSpace()
    const node = this.#value()
    this.#skipSpace()
    return this.#at === this.#text.length ? node : undefined
  }

  #value(): JsonNode | undefined {
    switch (this.#bytes[this.#at] ?? 0) {
      case OPEN_OBJECT:
        return this.#object()
      case OPEN_ARRAY:
        return this.#array()
      case QUOTE: {
        const text = this.#string()
        return text === undefined ? undefined : { kind: 'string', text }
      }
      default:
        return this.#spelled('word', wordEnd) ?? this.#spelled('number', numberEnd)
    }
  }

  #object(): JsonNode | undefined {
    const members: JsonMember[] = []
    const whole = this.#each(CLOSE_OBJECT, () => {
      const name = this.#string()
      this.#skipSpace()
      if (name === undefined || !this.#take(COLON)) return false
      this.#skipSpace()
      const value = this.#value()
      if (value === undefined) return false
      members.push({ name, value })
      return true
    })
    return whole ? { kind: 'object', members } : undefined
  }

  #array(): JsonNode | undefined {
    const elements: JsonNode[] = []
    const whole = this.#each(CLOSE_ARRAY, () => {
      const element = this.#value()
      if (element === undefined) return false
      elements.push(element)
      return true
    })
    return whole ? { kind: 'array', elements } : undefined
  }

  /** What stands between brackets, separated by commas. False: not so. */
  #each(close: number, readOne: () => boolean): boolean {
    this.#at += 1
    this.#depth += 1
    if (this.#depth > DEEPEST) return false
    this.#skipSpace()
    if (!this.#take(close)) {
      do {
        this.#skipSpace()
        if (!readOne()) return false
        this.#skipSpace()
      } while (this.#take(COMMA))
      if (!this.#take(close)) return false
    }
    this.#depth -= 1
    return true
  }

  #string(): string | undefined {
    if (!this.#take(QUOTE)) return undefined
    const start = this.#at
    const end = stringEnd(this.#bytes, start)
    if (end === 0) return undefined
    this.#at = end < 0 ? ~end : end
    return end < 0
      ? meaning(this.#text, { start, end: this.#at - 1 }, true)
      : this.#text.toString(this.#encoding, start, end - 1)
  }

  #spelled(
    kind: 'number' | 'word',
    endOf: (bytes: Uint8Array, from: number) => number,
  ): JsonNode | undefined {
    const start = this.#at
    const end = endOf(this.#bytes, start)
    if (end === 0) return undefined
    this.#at = end
    return { kind, text: this.#text.toString('latin1', start, end) }
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false
    this.#at += 1
    return true
  }

  #skipSpace(): void {
    this.#at = afterSpace(this.#bytes, this.#at)
  }
}
