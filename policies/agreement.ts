/**
 * An agreement between two controllers, as signed data (design D11, §4): `{agreement, signatures[]}`,
 * addressed by the SHA-256 of RFC 8785 of `agreement`.
 */
import type {
  AgreementId,
  BasisCode,
  Digest,
  EndpointId,
  FieldName,
  Instant,
  MemberId,
  PurposeCode,
  ServiceId,
  SubsystemId,
  Wording,
} from './vocabulary.ts'

export interface Agreement {
  readonly id: AgreementId
  readonly version: number
  readonly title: Wording
  readonly consumer: SubsystemId
  /** The controller that collects (PDPA §15 is decided for it). */
  readonly consumerController: MemberId
  readonly service: ServiceId
  readonly providerController: MemberId
  readonly endpoints: readonly EndpointId[]
  readonly collect: {
    readonly basis: BasisCode
    /** Statutory duties, e.g. `社會救助法 §4`. */
    readonly duties: readonly string[]
    readonly purposes: readonly PurposeCode[]
  }
  readonly disclose: {
    readonly basis: BasisCode
    readonly laws: readonly string[]
    /** The purposes for which the provider collected the data. */
    readonly purposes: readonly PurposeCode[]
  }
  /** A basis of PDPA §6(1), where special categories are part of the agreement. */
  readonly article6?: BasisCode
  readonly fields: readonly FieldName[]
  readonly parameters: readonly ParameterBound[]
  readonly validFrom: Instant
  /** First instant at which it is no longer valid. */
  readonly validTo: Instant
  readonly onwardUse: boolean
  readonly purposeDeclaration: 'explicit' | 'implied'
  readonly notifySubject: boolean
  readonly retentionDays: number
}

/** `persons` bounds whose data may be asked for (breach: NoBasis), `matter` what about them (breach: FieldNotAllowed). */
export interface ParameterBound {
  readonly name: string
  readonly scope: 'persons' | 'matter'
  readonly maxValues: number
  readonly oneOf?: readonly string[]
  readonly range?: { readonly least: number; readonly most: number }
  /** ROC year of the newest tax year whose data exists; published on `MM-DD` of the year after (Asia/Taipei). */
  readonly latestTaxYear?: { readonly publishedOn: string }
}

export interface AgreementSignature {
  readonly member: MemberId
  readonly algorithm: 'ES256' | 'RS256' | 'Ed25519'
  /** SHA-256 of the SubjectPublicKeyInfo. */
  readonly key: Digest
  /** Over RFC 8785 of `agreement`; base64url. */
  readonly value: string
}

export interface SignedAgreement {
  readonly agreement: Agreement
  readonly signatures: readonly AgreementSignature[]
}

/** How a record names an agreement. */
export interface AgreementReference {
  readonly id: AgreementId
  readonly version: number
  readonly hash: Digest
}
