/**
 * Health, for people and for machines, on a listener of its own: plain HTTP, because it says nothing of anybody and is meant for the
 * machine itself.
 *
 * - `GET /livez`: the process turns. No answer: restart it.
 * - `GET /readyz`: 200 while exchanges are accepted, 503 with the reasons while they are not.
 * - `GET /metrics`: where telemetry exports it.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import express, { type Express, type Request, type Response } from 'express'
import type { Health, HealthCheck, HealthReport } from '../ports/health.ts'
import { printable } from '../ports/printable.ts'

export interface HealthListenerParts {
  readonly health: Health
  /** Answers `GET /metrics` in Prometheus's format. */
  readonly metrics?: RequestListener | undefined
}

/** Not yet listening. */
export function makeHealthListener(parts: HealthListenerParts): Server {
  const server = createServer({ keepAliveTimeout: 5_000, requestTimeout: 5_000 }, routes(parts))
  // Whoever asks about our health must not be able to harm it.
  server.maxConnections = 64
  return server
}

function routes({ health, metrics }: HealthListenerParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    next()
  })
  app.get('/livez', (request, response) => {
    answer(request, response, { state: 'ok' }, 'ok: the process turns\n')
  })
  app.get('/readyz', (request, response) => {
    const report = health.report()
    response.status(report.state === 'failing' ? 503 : 200)
    answer(request, response, asJson(report), healthTable(report.checks, report.at))
  })
  if (metrics !== undefined) app.get('/metrics', metrics)
  app.use((_request, response) => {
    const also = metrics === undefined ? '' : ' or /metrics'
    response.status(404).type('text').send(`GET /livez, /readyz${also}\n`)
  })
  return app
}

function answer(request: Request, response: Response, json: object, text: string): void {
  if (request.accepts('text', 'json') === 'json') response.json(json)
  else response.type('text').send(text)
}

function asJson({ at, checks, state }: HealthReport): object {
  return {
    state,
    at: new Date(at).toISOString(),
    checks: checks.map((check) => ({ ...check, since: new Date(check.since).toISOString() })),
  }
}

type Told = Pick<HealthCheck, 'name' | 'state' | 'words' | 'whatToDo'> & { readonly since: number }

/** One line a part, the worst first; below it what to do. `at` and `since`: milliseconds since 1970. */
export function healthTable(checks: readonly Told[], at: number): string {
  const ranked = ['failing', 'degraded', 'ok'].flatMap((state) =>
    checks.filter((check) => check.state === state),
  )
  const widest = Math.max(0, ...ranked.map(({ name }) => name.length))
  const lines = ranked.flatMap(({ name, since, state, whatToDo, words }) => {
    const head = `${state.padEnd(8)}  ${name.padEnd(widest)}  ${lasting(at - since).padStart(5)}  `
    const next = `${' '.repeat(head.length)}→ ${whatToDo}`
    return whatToDo === '' ? [head + words] : [head + words, next]
  })
  // Words quote what others wrote, and `gongdao status` prints what it is answered.
  return `${lines.map(printable).join('\n')}\n`
}

/** The largest unit that says enough: 12s, 5m, 3h, 2d. */
function lasting(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 120) return `${String(seconds)}s`
  if (seconds < 7200) return `${String(Math.floor(seconds / 60))}m`
  if (seconds < 172_800) return `${String(Math.floor(seconds / 3600))}h`
  return `${String(Math.floor(seconds / 86_400))}d`
}
