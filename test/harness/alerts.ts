/** The alert rules of deploy/alerts, and what Prometheus itself (`promtool test rules`) makes of series that a test gives it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sample } from './prometheus.ts'

export const RULES = fileURLToPath(new URL('../../deploy/alerts/gongdao.yaml', import.meta.url))

export interface Alert {
  readonly name: string
  readonly expression: string
  /** The whole rule, as written. */
  readonly text: string
}

export function alerts(): Alert[] {
  const [, ...rules] = readFileSync(RULES, 'utf8').split('- alert: ')
  return rules.map((text) => ({
    name: text.slice(0, text.indexOf('\n')).trim(),
    expression: /expr: (.*)/.exec(text)?.[1] ?? '',
    text,
  }))
}

/** A series in Prometheus's notation: `name{label="value"}` and its values (`0+1x10`), one every 15 seconds. */
export interface Series {
  readonly series: string
  readonly values: string
}

/** What fires at one of these times (`20m`): the alert's name and the instance. */
export function firing(series: readonly Series[], ...after: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'gongdao-alerts-'))
  try {
    const file = join(folder, 'test.json')
    // promtool is told to expect nothing: what it complains about is what fires. JSON is YAML.
    const alert_rule_test = alerts().flatMap(({ name }) =>
      after.map((time) => ({ eval_time: time, alertname: name, exp_alerts: [] })),
    )
    const tests = [{ interval: '15s', input_series: series, alert_rule_test }]
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '15s', tests }))
    return firingIn(promtool('test', 'rules', file))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function firingIn({ failed, said }: Said): string[] {
  const [, ...blocks] = said.split(/alertname: */)
  if (failed && blocks.length === 0) throw new Error(said)
  const found = blocks.flatMap((block) => {
    const name = /^\w+/.exec(block)?.[0] ?? ''
    return [...block.matchAll(/instance="([^"]*)"/g)].map(
      ([, instance]) => `${name} ${instance ?? ''}`,
    )
  })
  return [...new Set(found)]
}

export interface Said {
  readonly failed: boolean
  readonly said: string
}

export function promtool(...args: readonly string[]): Said {
  const { status, stderr, stdout } = spawnSync('promtool', args, { encoding: 'utf8' })
  return { failed: status !== 0, said: `${stdout}${stderr}` }
}

/** Looks at a gateway as series: the first for ten minutes, each further one for a minute, the last for twenty. */
export function seriesOf(...looks: readonly (readonly Sample[])[]): Series[] {
  const known = looks.map((look) => new Map(look.map((sample) => [nameOf(sample), sample.value])))
  return [...(known.at(-1) ?? new Map<string, number>()).keys()].map((series) => ({
    series,
    values: known.map((look, at) => textOf(look.get(series)) + times(at, looks.length)).join(' '),
  }))
}

/** `x39` stands for 40 samples. */
function times(at: number, of: number): string {
  if (at === 0) return 'x39'
  return at === of - 1 ? 'x80' : 'x3'
}

function nameOf({ labels, name }: Sample): string {
  const pairs = Object.entries({ ...labels, instance: 'gateway-1', job: 'gongdao' })
  return `${name}{${pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`
}

/** `_`: no sample. */
function textOf(value: number | undefined): string {
  if (value === undefined) return '_'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}
