/** The demonstration's documents, signed with throw-away keys, and the rules in both engines. */
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { makeJudge, rulesAsJson } from '../../adapters/cedar-engine/judge.ts'
import { readFolder } from '../../adapters/documents-folder/read-folder.ts'
import { readRuleSet } from '../../adapters/documents-folder/read-rule-set.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import { signTemplates } from './sign-templates.ts'
import type { Evaluate } from '../../policies/cedar-input.ts'
import { compileRules } from '../../policies/closures.ts'
import type { DocumentFile, Documents } from '../../policies/documents/documents.ts'
import { readDocuments } from '../../policies/documents/read-documents.ts'
import type { Question } from '../../policies/question.ts'
import { makeRuleBook } from '../../policies/rule-book.ts'
import type { RuleBook } from '../../policies/rule-book.ts'
import {
  EndpointId,
  Instant,
  PurposeCode,
  ServiceId,
  SubsystemId,
} from '../../policies/vocabulary.ts'
import type { MemberId } from '../../policies/vocabulary.ts'

const DEMO = new URL('../../deploy/demo/documents', import.meta.url).pathname

const keys = new Map<MemberId, KeyObject>()
export function keyOf(member: MemberId): KeyObject {
  return keys.getOrInsertComputed(
    member,
    () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  )
}

export const templates: readonly DocumentFile[] = readFolder(DEMO).files
export const signedFiles: readonly DocumentFile[] = signTemplates(templates, keyOf)
export const rules = readRuleSet(documentCrypto.sha256)
export const closures: Evaluate = compileRules(rulesAsJson(rules))
export const judge: Evaluate = makeJudge(rules)

export function documentsOf(files: readonly DocumentFile[]): Documents {
  const read = readDocuments(files, documentCrypto)
  if (read.kind === 'faulty') throw new Error(JSON.stringify(read.faults, undefined, 1))
  return read.documents
}

/** The demonstration's book, with some agreements changed (and signed again). */
export function bookWith(
  change: (agreement: Record<string, unknown>) => Record<string, unknown> = (same) => same,
): RuleBook {
  const changed = templates.map(({ path, text }) => {
    if (!path.startsWith('agreements/')) return { path, text }
    const document = JSON.parse(text) as { agreement: Record<string, unknown> }
    return { path, text: JSON.stringify({ agreement: change(document.agreement) }) }
  })
  return makeRuleBook(documentsOf(signTemplates(changed, keyOf)), rules)
}

export const AT = Instant.parse('2026-11-22T10:00:00+08:00')

/** S1: the income of the last tax year, for social assistance. */
export const S1: Question = {
  at: AT,
  consumer: SubsystemId.parse('TW/GOV/379000000A/social-assistance'),
  service: ServiceId.parse('TW/GOV/MOF/income/annual-income'),
  endpoint: EndpointId.parse('GET /incomes'),
  purpose: PurposeCode.parse('074'),
  parameters: { years: ['114'], relation: ['SELF'] },
  subject: 'identified',
}

/** S3: is this person insured, for overlapping benefits. */
export const S3: Question = {
  at: AT,
  consumer: SubsystemId.parse('TW/GOV/A17000000J/labour-insurance'),
  service: ServiceId.parse('TW/GOV/A21030000I/nhi-enrolment/enrolment'),
  endpoint: EndpointId.parse('GET /enrolments/{subjectId}'),
  purpose: PurposeCode.parse('031'),
  parameters: {},
  subject: 'identified',
}

export const HOUSEHOLD: Question = {
  at: AT,
  consumer: SubsystemId.parse('TW/GOV/379000000A/social-assistance'),
  service: ServiceId.parse('TW/GOV/301000000A/household/household-record'),
  endpoint: EndpointId.parse('POST /household-records'),
  parameters: {},
  subject: 'identified',
}
