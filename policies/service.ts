/**
 * A service's registration: what may be asked, where the subject stands, and what may come back.
 * Nothing that is not registered here passes in either direction.
 */
import type {
  CategoryCode,
  EndpointId,
  FieldName,
  MemberId,
  ServiceId,
  Wording,
} from './vocabulary.ts'

export interface ServiceRegistration {
  readonly id: ServiceId
  readonly version: number
  readonly title: Wording
  /** The controller whose data this is (PDPA §16 is decided for it). */
  readonly controller: MemberId
  readonly endpoints: readonly EndpointRegistration[]
  /** Total time for the provider's whole answer, milliseconds. */
  readonly deadlineMs: number
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
}

export interface EndpointRegistration {
  readonly id: EndpointId
  readonly method: string
  /** Path after the service code; a segment `{name}` is the path parameter of that name. */
  readonly path: string
  readonly title: Wording
  readonly parameters: readonly ParameterRegistration[]
  /** The one media type of the request body; absent: the request has no body. */
  readonly requestType?: 'application/json'
  /** The parameter that names the subject, or `none` where nobody is identifiable. */
  readonly subject: string
  /** RFC 6901 pointer (with `*` for every array element) of the subject in the answer, or `none`. */
  readonly subjectInResponse: string
  /** What a 2xx answer may hold. */
  readonly fields: readonly FieldRegistration[]
  /** What any other answer may hold; without it such a body is replaced by a problem document. */
  readonly errorFields: readonly FieldRegistration[]
  /** Response headers that may pass beside the built-in ones; lower case. */
  readonly responseHeaders: readonly string[]
}

/** Types whose values an agreement can bound and that may stand as values in a leaf (design D15). */
export type LoggedType = 'year' | 'date' | 'code' | 'integer' | 'boolean'
export type ParameterType = LoggedType | 'national-id' | 'text'

export interface ParameterRegistration {
  readonly name: string
  readonly in: 'path' | 'query' | 'body'
  /** For `body`: RFC 6901 pointer; a list ends in `/*`. */
  readonly pointer?: string
  readonly type: ParameterType
  /** Several values: comma-separated in a query, an array in a body. */
  readonly list: boolean
  readonly required: boolean
  /** For `code`: the registered values. */
  readonly codes?: readonly string[]
  /** For `text`: the longest value, in characters. */
  readonly maxLength?: number
}

export type FieldType =
  'national-id' | 'text' | 'code' | 'date' | 'year' | 'integer' | 'number' | 'boolean'

export interface FieldRegistration {
  readonly name: FieldName
  /** RFC 6901 pointer of a scalar; a segment `*` means every element of an array. */
  readonly pointer: string
  readonly type: FieldType
  readonly nullable: boolean
  /** For `text` and `code`: required. Characters. */
  readonly maxLength?: number
  /** For `text` and `code`: a regular expression the whole value matches. */
  readonly pattern?: string
  readonly category: CategoryCode
  /** Special category of PDPA §6. */
  readonly article6: boolean
  readonly title: Wording
}
