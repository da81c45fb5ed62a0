/** The package ships no types; what it answers is described in test/harness/prometheus.ts. */
declare module 'parse-prometheus-text-format' {
  export default function parse(text: string): unknown
}
