/** How a command answers: in words or as one JSON object, and what it says when it can't. */

export interface Answer {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: readonly string[]
}

export interface Outlet {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** Called once when a command could not do what it was asked. */
  readonly failed: () => void
}

const PROCESS: Outlet = {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  failed: () => {
    process.exitCode = 1
  },
}

/** Faults of whoever typed the command, by `name`: told in one line. Anything else is ours and keeps its stack. */
const TOLD = new Set([
  'CertsFolderFault',
  'IndexDamaged',
  'Malformed',
  'RangeError',
  'RequestRefused',
  'RevocationListRefused',
  'TopicFault',
  'TrustBroken',
])

export function telling(
  outlet: Outlet = PROCESS,
): (options: { readonly json?: true }, work: () => Promise<Answer>) => Promise<void> {
  return async (options, work) => {
    try {
      const answer = await work()
      outlet.out(
        options.json === true ? `${JSON.stringify(answer.json)}\n` : `${answer.text.join('\n')}\n`,
      )
    } catch (error) {
      if (!isTold(error)) throw error
      const { name, message } = error
      const fault = 'fault' in error ? { fault: error.fault } : {}
      outlet.error(
        options.json === true
          ? `${JSON.stringify({ error: name, ...fault, message })}\n`
          : `error: ${message}\n`,
      )
      outlet.failed()
    }
  }
}

/** A path that does not exist or can't be read or written is the typist's fault as well. */
function isTold(error: unknown): error is { readonly name: string; readonly message: string } {
  if (typeof error !== 'object' || error === null || !('message' in error)) return false
  const name = 'name' in error && typeof error.name === 'string' ? error.name : ''
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return TOLD.has(name) || /^(ENOENT|EACCES|EISDIR|ENOTDIR|EROFS|ENOSPC)$/.test(code)
}
