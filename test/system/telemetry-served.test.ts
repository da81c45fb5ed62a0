/** `gongdao serve` with its section `telemetry`, as an operator writes it: traces, metrics and log of the process itself. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { prepareWorld } from '../../deploy/demo/prepare-world.ts'
import { systemClock } from '../../deploy/system.ts'
import { startCollector } from '../harness/collector.ts'
import { startGongdao } from '../harness/command.ts'
import { ENROLMENT } from '../harness/departments.ts'
import { GATE_CACHE } from '../harness/gate-cache.ts'
import { samplesIn, sumOf } from '../harness/prometheus.ts'
import { ask, GATEWAY, LABOUR, newDataFolder, scenarioNamed } from '../harness/system.ts'
import { until } from '../harness/until.ts'

test('a served gateway hands its traces to the collector, its metrics to Prometheus, its lines to a file, and the last of them when it ends', async () => {
  await using collector = await startCollector()
  const data = await newDataFolder()
  const world = await prepareWorld(data, GATEWAY, systemClock().now())
  const file = join(data, 'gateway.json')
  const log = join(data, 'gateway.log')
  const config = {
    data,
    cache: GATE_CACHE,
    gateway: GATEWAY,
    listen: { host: '127.0.0.1', port: 0 },
    // Nobody listens there.
    addresses: { [ENROLMENT]: 'https://127.0.0.1:9' },
    syntheticIds: true,
    revocationGraceMs: 3_600_000,
    health: { port: 0 },
    telemetry: { traceShare: 0, collector: { url: collector.url.href }, log: { file: log } },
  }
  writeFileSync(file, JSON.stringify(config))
  const running = startGongdao('serve', '--config', file, '--json')
  try {
    const isReady = (): boolean => running.out().includes('"ready"')
    await until(isReady, 'it is ready')
    const ready = JSON.parse(running.out().split('\n')[0]!) as { url: string; health: string }
    const tls = world.identityOf('subsystem', LABOUR)
    const { status } = await ask(new URL(ready.url), tls, scenarioNamed('S3'))
    expect(status).toBe(502)
    const response = await fetch(new URL('/metrics', ready.health))
    expect(response.headers.get('content-type')).toContain('version=0.0.4')
    const samples = samplesIn(await response.text())
    const code = { gongdao_code: 'Server.Provider.Unreachable' }
    expect(sumOf(samples, 'gongdao_refusals_total', code)).toBe(1)
    expect(sumOf(samples, 'gongdao_connections')).toBeGreaterThanOrEqual(0)
    running.child.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    const exchange = collector.spans.find(({ name }) => name === 'exchange')
    expect(exchange?.attributes['gongdao.code']).toBe('Server.Provider.Unreachable')
    expect(collector.metrics.get('gongdao.exchange.duration')?.points).toHaveLength(1)
    const lines = readFileSync(log, 'utf8').trim().split('\n')
    const line = lines.map((one) => JSON.parse(one) as Record<string, unknown>)
    // Who reads the log sees when it began and that it ended well.
    const told = line.filter(({ event }) => event === 'notice').map(({ msg }) => msg)
    expect(told[0]).toContain(`ready at ${ready.url}`)
    expect(told.at(-1)).toBe('stopped; the chain is sealed')
    expect(line).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        event: 'exchange',
        code: 'Server.Provider.Unreachable',
        exchange: exchange?.attributes['gongdao.exchange.id'],
      }),
    )
  } finally {
    running.child.kill('SIGKILL')
    await running.ended
    rmSync(data, { recursive: true, force: true })
  }
}, 60_000)
