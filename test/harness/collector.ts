/**
 * A real OpenTelemetry collector as far as we need one: OTLP over HTTP, protobuf, decoded by the published field numbers
 * (opentelemetry-proto 1.x) with protobufjs, which shares nothing with the exporter's own serializer.
 *
 *     await using collector = await startCollector()
 *     collector.spans[0].attributes['gongdao.service']
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty: it begins the trace. */
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  /** Milliseconds since 1970. */
  readonly began: number
  readonly ended: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly error: boolean
  readonly resource: Readonly<Record<string, unknown>>
}

export interface CollectedPoint {
  readonly attributes: Readonly<Record<string, unknown>>
  /** Of a histogram: its count. */
  readonly value: number
}

export interface CollectedMetric {
  readonly name: string
  readonly unit: string
  readonly points: readonly CollectedPoint[]
}

export interface Collector {
  readonly url: URL
  readonly spans: CollectedSpan[]
  /** As it was told last. */
  readonly metrics: Map<string, CollectedMetric>
  /** Every byte that came in, for whoever looks for something. */
  readonly raw: Buffer[]
  /** What it answers; `hang`: nothing. */
  answer: number | 'hang'
  [Symbol.asyncDispose](): Promise<void>
}

export async function startCollector(): Promise<Collector> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      collector.raw.push(body)
      if (collector.answer === 'hang') return
      if (collector.answer === 200) take(collector, request.url ?? '', body)
      response.writeHead(collector.answer, { 'Content-Type': 'application/x-protobuf' }).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const collector: Collector = {
    url: new URL(`http://127.0.0.1:${String(port)}/`),
    spans: [],
    metrics: new Map(),
    raw: [],
    answer: 200,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return collector
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}

function take(collector: Collector, url: string, body: Buffer): void {
  if (url === '/v1/traces') collector.spans.push(...spansIn(body))
  else if (url === '/v1/metrics') {
    for (const metric of metricsIn(body)) collector.metrics.set(metric.name, metric)
  } else throw new Error(`nothing is collected at ${url}`)
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Value { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message Pair { string key = 1; Value value = 2; }
  message Resource { repeated Pair attributes = 1; }
  message Status { string message = 2; int32 code = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated Pair attributes = 9; Status status = 15;
  }
  message ScopeSpans { repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message Number { double as_double = 4; sfixed64 as_int = 6; repeated Pair attributes = 7; }
  message Buckets { fixed64 count = 4; double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated Pair attributes = 9; }
  message Numbers { repeated Number data_points = 1; }
  message Histogram { repeated Buckets data_points = 1; }
  message Metric { string name = 1; string description = 2; string unit = 3; Numbers gauge = 5; Numbers sum = 7; Histogram histogram = 9; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
`)

interface Pair {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Decoded {
  readonly resource: { readonly attributes: readonly Pair[] }
}

interface DecodedSpan {
  readonly traceId: Buffer
  readonly spanId: Buffer
  readonly parentSpanId: Buffer
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Pair[]
  readonly status: { readonly code: number } | null
}

interface DecodedMetric {
  readonly name: string
  readonly unit: string
  readonly gauge: { readonly dataPoints: readonly DecodedPoint[] } | null
  readonly sum: { readonly dataPoints: readonly DecodedPoint[] } | null
  readonly histogram: { readonly dataPoints: readonly DecodedPoint[] } | null
}

interface DecodedPoint {
  readonly attributes: readonly Pair[]
  readonly asDouble?: number
  readonly count?: string
}

function decode(type: string, body: Buffer): unknown {
  const message = root.lookupType(type)
  return message.toObject(message.decode(body), {
    longs: String,
    bytes: Buffer,
    defaults: true,
    arrays: true,
    oneofs: false,
  })
}

function spansIn(body: Buffer): CollectedSpan[] {
  const { resourceSpans } = decode('Traces', body) as {
    readonly resourceSpans: readonly (Decoded & {
      readonly scopeSpans: readonly { readonly spans: readonly DecodedSpan[] }[]
    })[]
  }
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId.toString('hex'),
        spanId: span.spanId.toString('hex'),
        parentSpanId: span.parentSpanId.toString('hex'),
        name: span.name,
        kind: span.kind,
        began: Number(span.startTimeUnixNano) / 1e6,
        ended: Number(span.endTimeUnixNano) / 1e6,
        attributes: record(span.attributes),
        error: span.status?.code === 2,
        resource: record(resource.attributes),
      })),
    ),
  )
}

function metricsIn(body: Buffer): CollectedMetric[] {
  const { resourceMetrics } = decode('Metrics', body) as {
    readonly resourceMetrics: readonly {
      readonly scopeMetrics: readonly { readonly metrics: readonly DecodedMetric[] }[]
    }[]
  }
  return resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ gauge, histogram, name, sum, unit }) => ({
        name,
        unit,
        points: ((gauge ?? sum ?? histogram)?.dataPoints ?? []).map((point) => ({
          attributes: record(point.attributes),
          value: point.count === undefined ? (point.asDouble ?? 0) : Number(point.count),
        })),
      })),
    ),
  )
}

function record(pairs: readonly Pair[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, valueOf(value)]))
}

function valueOf(value: Readonly<Record<string, unknown>>): unknown {
  const [[kind, inner] = []] = Object.entries(value)
  return kind === 'intValue' ? Number(inner) : inner
}
