/** Alerts and dashboards: what they name is exported, and every alert can fire, as Prometheus itself judges. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { allMetrics } from '../harness/all-metrics.ts'
import { alerts, firing, promtool, RULES, type Series } from '../harness/alerts.ts'
import type { Sample } from '../harness/prometheus.ts'
import { testNeeding } from '../house/needs.ts'

const DASHBOARDS = new URL('../../deploy/dashboards/', import.meta.url)

interface Panel {
  readonly title?: string
  readonly description?: string
  readonly targets?: readonly { readonly expr: string }[]
}

interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly panels: readonly Panel[]
}

function dashboards(): Dashboard[] {
  return readdirSync(DASHBOARDS).map(
    (name) => JSON.parse(readFileSync(new URL(name, DASHBOARDS), 'utf8')) as Dashboard,
  )
}

/** Selectors in an expression: a metric's name, and the labels that it is asked for. */
function selectorsIn(expression: string): { readonly name: string; readonly labels: string[] }[] {
  return [...expression.matchAll(/\b((?:gongdao|http|nodejs|process)_\w+)(\{[^}]*\})?/g)]
    .filter(
      ([, name]) =>
        !/^(gongdao_(chain|code|service|provider|member|step|verdict|outcome|purpose|stored|urgency)|http_(route|response_status_code|request_method))$/.test(
          name ?? '',
        ),
    )
    .map(([, name = '', braces = '']) => ({
      name,
      labels: [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }))
}

function unknownIn(expression: string, samples: readonly Sample[]): string[] {
  return selectorsIn(expression).flatMap(({ labels, name }) => {
    const known = samples.filter((sample) => sample.name === name)
    if (known.length === 0) return [name]
    const all = new Set([
      ...known.flatMap((sample) => Object.keys(sample.labels)),
      'job',
      'instance',
    ])
    return labels.filter((label) => !all.has(label)).map((label) => `${name}{${label}}`)
  })
}

describe('what is named is exported', () => {
  test('by every alert, and each says what it means and what to do', async () => {
    const samples = await allMetrics()
    expect(alerts().length).toBeGreaterThan(20)
    for (const { expression, name, text } of alerts()) {
      expect([name, unknownIn(expression, samples)]).toEqual([name, []])
      for (const part of ['severity: ', 'summary: ', 'meaning: ', 'action: ']) {
        expect([name, text.includes(part)]).toEqual([name, true])
      }
    }
  })

  test('by every panel of every dashboard', async () => {
    const samples = await allMetrics()
    for (const { panels, title } of dashboards()) {
      const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
      expect(expressions.length).toBeGreaterThan(5)
      for (const expression of expressions) {
        const named = expression.replaceAll(/\$\w+/g, '5m')
        expect([title, expression, unknownIn(named, samples)]).toEqual([title, expression, []])
        expect(selectorsIn(named).length).toBeGreaterThan(0)
      }
    }
  })

  test('and this test finds a name, or a label, that is not', async () => {
    const samples = await allMetrics()
    expect(unknownIn('rate(gongdao_exchanges_total[5m]) > 0', samples)).toHaveLength(1)
    expect(unknownIn('gongdao_faults_total{gongdao_who="x"}', samples)).toHaveLength(1)
  })
})

const GATEWAY = '{instance="a"}'
const CODES = (code: string): string =>
  `gongdao_refusals_total{instance="a",gongdao_code="${code}"}`

/** For each alert, series under which it must fire within 20 minutes. */
const CAUSES: Readonly<Record<string, readonly Series[]>> = {
  GongdaoDown: [{ series: 'up{job="gongdao",instance="a"}', values: '0x80' }],
  GongdaoRestarted: [{ series: `process_uptime_seconds${GATEWAY}`, values: '900+15x40 1+15x40' }],
  GongdaoLedgerRefuses: [{ series: `gongdao_ledger_accepts_ratio${GATEWAY}`, values: '1x40 0x40' }],
  GongdaoLedgerSlow: ['0.1', '0.5', '+Inf'].map((le) => ({
    series: `gongdao_ledger_sync_duration_seconds_bucket{instance="a",gongdao_chain="exchange",le="${le}"}`,
    values: le === '0.1' ? '0x80' : '0+10x80',
  })),
  GongdaoLedgerQueueOld: [{ series: `gongdao_ledger_queue_age_seconds${GATEWAY}`, values: '3x80' }],
  GongdaoReplicationBehind: [
    { series: `gongdao_replication_backlog_age_seconds${GATEWAY}`, values: '31x80' },
  ],
  GongdaoReplicationRefused: [
    {
      series: 'gongdao_replication_duration_seconds_count{instance="a",gongdao_stored="false"}',
      values: '0+1x80',
    },
  ],
  GongdaoRevocationListOverdue: [
    { series: `gongdao_revocations_overdue_seconds${GATEWAY}`, values: '-600+15x80' },
  ],
  GongdaoRevocationListStale: [
    { series: CODES('Server.Identity.RevocationListStale'), values: '0x70 1x10' },
  ],
  GongdaoConsentClosed: [{ series: `gongdao_consent_closed${GATEWAY}`, values: '0x10 1x70' }],
  GongdaoCertificateEnds: [
    { series: `gongdao_certificate_remaining_seconds${GATEWAY}`, values: '1209599x80' },
  ],
  GongdaoKafkaCertificateEnds: [
    {
      series:
        'gongdao_kafka_certificate_remaining_seconds{instance="a",gongdao_certificate="reader"}',
      values: '1209599x80',
    },
  ],
  GongdaoKeysUnavailable: [{ series: CODES('Server.Keys.Unavailable'), values: '0x70 1x10' }],
  GongdaoProviderNotAsked: [
    { series: 'gongdao_breaker_open_ratio{instance="a",gongdao_provider="p"}', values: '1x80' },
  ],
  GongdaoProviderFails: ['timeout', ''].map((error) => ({
    series: `http_client_request_duration_seconds_count{instance="a",gongdao_service="s",error_type="${error}"}`,
    values: error === '' ? '0+8x80' : '0+1x80',
  })),
  GongdaoProviderWrongSubject: [
    { series: CODES('Server.Provider.WrongSubject'), values: '0x70 1x10' },
  ],
  GongdaoFaults: [{ series: `gongdao_faults_total${GATEWAY}`, values: '0x60 1x20' }],
  GongdaoErrors: ['200', '503'].map((status) => ({
    series: `http_server_request_duration_seconds_count{instance="a",http_response_status_code="${status}"}`,
    values: status === '200' ? '0+10x80' : '0+1x80',
  })),
  GongdaoSlow: ['2.5', '10', '+Inf'].map((le) => ({
    series: `http_server_request_duration_seconds_bucket{instance="a",http_route="/r1/{service}",le="${le}"}`,
    values: le === '2.5' ? '0+10x80' : '0+11x80',
  })),
  GongdaoOverloaded: [{ series: CODES('Server.Load.Busy'), values: '0+30x80' }],
  GongdaoEventLoopBlocked: [
    { series: `nodejs_eventloop_delay_max_seconds${GATEWAY}`, values: '0.3x80' },
  ],
  GongdaoWitnessesBehind: [
    { series: `gongdao_witness_behind_seconds${GATEWAY}`, values: '301x80' },
  ],
  GongdaoTimestampOld: [{ series: `gongdao_timestamp_age_seconds${GATEWAY}`, values: '901x80' }],
  GongdaoHealthFailing: [{ series: `gongdao_health_failing${GATEWAY}`, values: '1x80' }],
  GongdaoHealthDegraded: [{ series: `gongdao_health_degraded${GATEWAY}`, values: '1x80' }],
  GongdaoLogLinesLost: [{ series: `gongdao_log_dropped${GATEWAY}`, values: '0x60 1+1x20' }],
  GongdaoTracesNotTaken: [{ series: `gongdao_telemetry_failures${GATEWAY}`, values: '0+1x80' }],
}

testNeeding('promtool')('the rules are what Prometheus takes', async () => {
  const { failed, said } = promtool('check', 'rules', RULES)
  expect([failed, said]).toEqual([false, expect.stringContaining('SUCCESS')])
})

testNeeding('promtool')('every alert can fire, each of its own cause alone', async () => {
  const names = alerts().map(({ name }) => name)
  expect(Object.keys(CAUSES).sort()).toEqual(names.sort())
  // One sick gateway for each alert, named for it.
  const series = Object.entries(CAUSES).flatMap(([name, causes]) =>
    causes.map((cause) => ({ ...cause, series: cause.series.replace('="a"', `="${name}"`) })),
  )
  expect(firing(series, '20m').sort()).toEqual(names.map((name) => `${name} ${name}`))
})

testNeeding('promtool')('of a gateway that is well none fires', async () => {
  const well = Object.values(CAUSES)
    .flat()
    .map(({ series }) => ({ series, values: valuesOfHealth(series) }))
  expect(firing(well, '20m')).toEqual([])
})

function valuesOfHealth(series: string): string {
  if (/^up|accepts/.test(series)) return '1x80'
  if (series.includes('remaining')) return '31536000x80'
  if (series.includes('overdue')) return '-600x80'
  if (series.includes('uptime')) return '900+15x80'
  // Every answer is quick, and none is a failure.
  if (/_bucket|status_code="200"|error_type=""/.test(series)) return '0+10x80'
  return '0x80'
}
