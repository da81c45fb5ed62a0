/** Path and query of an origin-form target, undecoded; the query without `?`, undefined when there is none. */
export function splitUrl(url: string): {
  readonly path: string
  readonly query: string | undefined
} {
  const mark = url.indexOf('?')
  return mark < 0
    ? { path: url, query: undefined }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}
