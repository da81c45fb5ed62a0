/**
 * Traces and metrics of a gateway for OpenTelemetry: pushed to a collector (OTLP, protobuf over HTTP) where one is named, and asked
 * for as Prometheus text. A collector that does not answer costs nothing but what was meant for it: queues are bounded, nothing waits.
 */
import { performance } from 'node:perf_hooks'
import type { HrTime } from '@opentelemetry/api'
import { ExportResultCode, type ExportResult } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import {
  PeriodicExportingMetricReader,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Gauge, TelemetryEvent } from '../../gateway/ports/telemetry.ts'
import { gaugesData } from './gauges.ts'
import { Metrics, type AddressOf } from './metrics.ts'
import { processGauges, type ProcessGauges } from './process-gauges.ts'
import { prometheusNames } from './prometheus-names.ts'
import { SCOPE, hrTime, isWorthASpan, spansOf } from './spans.ts'

export interface OtelOptions {
  /** `service.instance.id`. */
  readonly gateway: string
  readonly version: string
  readonly addressOf: AddressOf
  readonly gauges: () => readonly Gauge[]
  /** Absent: nothing is pushed. */
  readonly collector?: Collector | undefined
  /** What became of each export; a collector may take one kind and not the other. MUST NOT throw. */
  readonly onExport?: (what: Exported, taken: boolean) => void
  /** How long an export may take, and with it the closing; absent: 5 s. */
  readonly patienceMs?: number
}

export type Exported = 'traces' | 'metrics'

export interface Collector {
  /** Base of `v1/traces` and `v1/metrics`. */
  readonly url: URL
  readonly everyMs: number
}

/** Spans that wait at most; what comes on top is dropped. A refused exchange has four, a whole one eight. */
const MOST_SPANS = 8_192
const SPANS_EVERY_MS = 2_000
const PATIENCE_MS = 5_000

export class OpenTelemetry {
  readonly now = (): number => performance.now()
  readonly #options: OtelOptions
  readonly #resource: Resource
  readonly #metrics: Metrics
  /** For each reader its own: they tell of the time since they were last asked. */
  readonly #scraped = processGauges()
  readonly #pushed: ProcessGauges | undefined
  readonly #patienceMs: number
  readonly #began: HrTime = hrTime(Date.now())
  readonly #spans: BatchSpanProcessor | undefined
  readonly #reader: PeriodicExportingMetricReader | undefined

  constructor(options: OtelOptions) {
    this.#options = options
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS
    this.#metrics = new Metrics(options.addressOf)
    this.#resource = resourceFromAttributes({
      'service.name': 'gongdao',
      'service.version': options.version,
      'service.instance.id': options.gateway,
    })
    const { collector } = options
    if (collector === undefined) return
    this.#spans = this.#pushSpans(collector)
    this.#pushed = processGauges()
    this.#reader = this.#pushMetrics(collector, this.#pushed)
  }

  /** MUST NOT throw: what is told here is told on the way of an exchange. */
  tell(event: TelemetryEvent): void {
    this.#metrics.count(event)
    if (event.kind !== 'exchange' || this.#spans === undefined || !isWorthASpan(event)) return
    const epoch = Date.now() - performance.now()
    for (const span of spansOf(event, { resource: this.#resource, epoch })) this.#spans.onEnd(span)
  }

  /** In Prometheus's text format 0.0.4. */
  prometheus(): string {
    const metrics = this.#collect(this.#scraped)
    const { scopeMetrics } = metrics
    const named = scopeMetrics.map((one) => ({ ...one, metrics: one.metrics.map(prometheusNames) }))
    return new PrometheusSerializer(undefined, false, undefined, false, true).serialize({
      ...metrics,
      scopeMetrics: named,
    })
  }

  /** Hands over what is left, within bounds, and ends. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#spans?.shutdown(), this.#reader?.shutdown()])
    this.#scraped.stop()
    this.#pushed?.stop()
  }

  #collect(ofProcess: ProcessGauges): ResourceMetrics {
    const to = hrTime(Date.now())
    const metrics: MetricData[] = [
      ...this.#metrics.collect(this.#began, to),
      ...gaugesData(this.#options.gauges(), to),
      ...ofProcess.collect(to),
    ]
    // OTLP knows no metric without a point.
    const told = metrics.filter(({ dataPoints }) => dataPoints.length > 0)
    return { resource: this.#resource, scopeMetrics: [{ scope: SCOPE, metrics: told }] }
  }

  #pushSpans({ url }: Collector): BatchSpanProcessor {
    const exporter = new OTLPTraceExporter({
      url: new URL('v1/traces', url).href,
      timeoutMillis: this.#patienceMs,
    })
    return new BatchSpanProcessor({
      maxQueueSize: MOST_SPANS,
      scheduledDelayMillis: SPANS_EVERY_MS,
      exportTimeoutMillis: this.#patienceMs,
      exporter: {
        export: (spans: ReadableSpan[], done) => {
          exporter.export(spans, this.#watched('traces', done))
        },
        shutdown: () => exporter.shutdown(),
      },
    })
  }

  #pushMetrics(
    { everyMs, url }: Collector,
    ofProcess: ProcessGauges,
  ): PeriodicExportingMetricReader {
    const exporter = new OTLPMetricExporter({
      url: new URL('v1/metrics', url).href,
      timeoutMillis: this.#patienceMs,
    })
    const reader = new PeriodicExportingMetricReader({
      exportIntervalMillis: everyMs,
      exportTimeoutMillis: Math.min(everyMs, this.#patienceMs),
      exporter: {
        export: (metrics, done) => {
          exporter.export(metrics, this.#watched('metrics', done))
        },
        forceFlush: () => exporter.forceFlush(),
        shutdown: () => exporter.shutdown(),
      },
    })
    // There is no meter: everything is collected here.
    reader.setMetricProducer({
      collect: async () => ({ resourceMetrics: this.#collect(ofProcess), errors: [] }),
    })
    return reader
  }

  #watched(what: Exported, done: (result: ExportResult) => void): (result: ExportResult) => void {
    return (result) => {
      this.#options.onExport?.(what, result.code === ExportResultCode.SUCCESS)
      done(result)
    }
  }
}
