/** Pieces from which the sections' schemas are put together. A description says what to write; it is what a fault tells. */
import { z } from 'zod'
import { Malformed } from '../../policies/vocabulary.ts'

/** A word of the vocabulary, by its `parse`. */
export function word<T>(
  { parse }: { readonly parse: (text: string) => T },
  description: string,
): z.ZodType<T, string> {
  return z
    .string()
    .transform((text, context) => {
      try {
        return parse(text)
      } catch (fault) {
        if (!(fault instanceof Malformed)) throw fault
        context.addIssue({ code: 'custom', message: fault.expected })
        return z.NEVER
      }
    })
    .describe(description)
}

/** A whole number, both ends included. */
export function whole(least: number, most: number, of: string): z.ZodNumber {
  return z
    .int()
    .min(least)
    .max(most)
    .describe(`${of}: a whole number from ${String(least)} to ${String(most)}`)
}

const DAY_MS = 86_400_000

export function milliseconds(of: string, most = DAY_MS): z.ZodNumber {
  return whole(1, most, `${of}, in milliseconds`)
}

export const port = whole(0, 65_535, 'a port (0: any that is free)')

export const text = (of: string): z.ZodString => z.string().min(1).max(1024).describe(of)

export function url(schemes: readonly string[], of: string): z.ZodType<URL, string> {
  return z
    .string()
    .transform((written, context) => {
      const parsed = URL.canParse(written) ? new URL(written) : undefined
      if (parsed !== undefined && schemes.includes(parsed.protocol) && isPlain(parsed))
        return parsed
      context.addIssue({ code: 'custom', message: of })
      return z.NEVER
    })
    .describe(of)
}

/** `URL` takes more than anybody means. */
function isPlain({ hash, password, search, username }: URL): boolean {
  return `${username}${password}${search}${hash}` === ''
}
