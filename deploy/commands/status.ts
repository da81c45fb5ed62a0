/** `gongdao status`: what a running gateway says of itself. Ends as monitoring plug-ins do: 0 ok, 1 degraded, 2 failing, 3 no answer. */
import { Command } from 'commander'
import { z } from 'zod'
import { healthTable } from '../../gateway/http/health.ts'
import { readConfig } from '../config/read-config.ts'
import { textOf } from './serve.ts'

interface StatusOptions {
  readonly url?: string
  readonly config?: string
  readonly json?: true
}

const PATIENCE_MS = 5000
const NO_ANSWER = 3
const CODES = { ok: 0, degraded: 1, failing: 2 } as const

const STATE = z.enum(['ok', 'degraded', 'failing'])
const TIME = z.iso.datetime().transform((text) => Date.parse(text))
const REPORT = z.object({
  state: STATE,
  at: TIME,
  checks: z.array(
    z.object({
      name: z.string(),
      state: STATE,
      since: TIME,
      words: z.string(),
      whatToDo: z.string(),
    }),
  ),
})

export function statusCommand(): Command {
  return new Command('status')
    .description(
      'what a running gateway says of itself; ends with 0 ok, 1 degraded, 2 failing, 3 no answer',
    )
    .option('--url <url>', 'where its health is told, e.g. http://127.0.0.1:9090')
    .option('--config <file>', 'configuration of the gateway, to find that out')
    .option('--json', 'answer with one JSON object')
    .action(status)
}

async function status(options: StatusOptions): Promise<void> {
  const base = baseOf(options)
  try {
    const answer = await fetch(new URL('/readyz', base), {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const text = await answer.text()
    const { at, checks, state } = REPORT.parse(JSON.parse(text))
    process.stdout.write(options.json === true ? `${text}\n` : healthTable(checks, at))
    process.exitCode = CODES[state]
  } catch (fault) {
    process.exitCode = NO_ANSWER
    const why = `no gateway tells its health at ${base.origin} (${reasonOf(fault)})`
    const next = 'Is it running, and has its configuration a "health" section with this port?'
    process.stderr.write(
      options.json === true ? `${JSON.stringify({ error: why })}\n` : `gongdao: ${why}. ${next}\n`,
    )
  }
}

function baseOf({ config, url }: StatusOptions): URL {
  if (url !== undefined) {
    if (URL.canParse(url)) return new URL(url)
    throw new RangeError(`${url} is no URL; it looks like http://127.0.0.1:9090`)
  }
  if (config === undefined) throw new RangeError('status needs --url URL or --config FILE')
  const read = readConfig(textOf(config))
  if (read.kind === 'faulty') throw new RangeError(`${config} is faulty: serve --check tells where`)
  const { health } = read.config
  if (health === undefined || health.port === 0) {
    throw new RangeError(`${config} names no port for health: give --url`)
  }
  const host = health.host.includes(':') ? `[${health.host}]` : health.host
  return new URL(`http://${host}:${String(health.port)}`)
}

function reasonOf(fault: unknown): string {
  if (fault instanceof z.ZodError || fault instanceof SyntaxError)
    return 'something else answers there'
  const cause = fault instanceof Error ? (fault.cause ?? fault) : fault
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code)
  return cause instanceof Error ? cause.name : 'unknown'
}
