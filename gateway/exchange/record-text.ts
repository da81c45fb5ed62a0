/**
 * RFC 8785 text of the two records, on the hot path: members are emitted in their order by hand, and what many exchanges share
 * (agreement, obligations) is spelled once. A test compares every spelling with `canonicalJson`.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Question, Verdict } from '../../policies/question.ts'
import type { DecisionRecord, OutcomeRecord } from '../ledger/events.ts'

export function decisionText(record: DecisionRecord): string {
  const { controllers, heads, verdicts } = record
  const processor =
    controllers.processor === undefined ? '' : `"processor":${text(controllers.processor)},`
  return (
    `{${shared('agreement', record.agreement)}${basesText(record)}` +
    `"certificate":"${record.certificate}","clock":"${record.clock}","configuration":"${record.configuration}",` +
    `"controllers":{"consumer":${text(controllers.consumer)},${processor}"provider":${text(controllers.provider)}},` +
    (record.deadline === undefined ? '' : `"deadline":${record.deadline},`) +
    `"effect":"${record.effect}","evidence":"${record.evidence}","exchange":"${record.exchange}",` +
    `"fields":${names(record.fields)},` +
    `"heads":{"manifest":${heads.manifest},"registry":${heads.registry},"revocations":${heads.revocations}},` +
    `${shared('obligations', record.obligations)}${plain('purpose', record.purpose)}` +
    `"question":${questionText(record.question)},"refusals":${names(record.refusals)},` +
    `${plain('repeat', record.repeat)}"request":"${record.request}","rules":"${record.rules}",` +
    `"salt":"${record.salt}","sealed":"${record.sealed}","service":"${record.service}",` +
    `${plain('span', record.span)}${plain('subject', record.subject)}"v":1,` +
    `"verdicts":{"collect":${verdictText(verdicts.collect)},"disclose":${verdictText(verdicts.disclose)}}}`
  )
}

export function outcomeText(record: OutcomeRecord): string {
  const { others, status } = record
  return (
    `{${plain('answer', record.answer)}"at":${record.at},"consumer":${text(record.consumer)},` +
    `"exchange":"${record.exchange}","fields":${names(record.fields)},"intent":${record.intent},` +
    (record.intentChain === undefined ? '' : `"intentChain":${text(record.intentChain)},`) +
    (others === undefined
      ? ''
      : `"others":{"commitment":"${others.commitment}","count":${others.count}},`) +
    `"outcome":"${record.outcome}",${plain('reason', record.reason)}${plain('released', record.released)}` +
    `"removed":${names(record.removed)},"salt":"${record.salt}","service":${text(record.service)},` +
    `${status === undefined ? '' : `"status":${status},`}${plain('subject', record.subject)}` +
    `${plain('subjectCheck', record.subjectCheck)}"v":1}`
  )
}

function questionText(question: Question): string {
  const { fields, representedParty } = question
  return (
    `{"at":${question.at},${plain('basis', question.basis)}"consumer":${text(question.consumer)},` +
    `"endpoint":${text(question.endpoint)},${fields === undefined ? '' : `"fields":${names(fields)},`}` +
    `"parameters":${canonicalJson(question.parameters)},${plain('purpose', question.purpose)}` +
    (representedParty === undefined ? '' : `"representedParty":${text(representedParty)},`) +
    `"service":${text(question.service)},"subject":"${question.subject}"}`
  )
}

function basesText({ bases }: DecisionRecord): string {
  if (bases === undefined) return ''
  return `"bases":{"collect":"${bases.collect}","disclose":"${bases.disclose}"},`
}

function verdictText({ effect, errors, reasons }: Verdict): string {
  return `{"effect":"${effect}","errors":${names(errors)},"reasons":${names(reasons)}}`
}

/** A member whose value is a code, a digest or base64url: nothing in it needs escaping. */
function plain(name: string, value: string | undefined): string {
  return value === undefined ? '' : `"${name}":"${value}",`
}

/** Identifiers may hold any character but those that X-Road forbids. */
function text(value: string): string {
  return JSON.stringify(value)
}

/** Codes and field names: letters, digits, dots and hyphens. */
function names(list: readonly string[]): string {
  return list.length === 0 ? '[]' : `["${list.join('","')}"]`
}

const spelled = new WeakMap<object, string>()

/** A value that belongs to the documents in force: the same object for many exchanges. */
function shared(name: string, value: object | undefined): string {
  if (value === undefined) return ''
  let known = spelled.get(value)
  if (known === undefined) {
    known = `"${name}":${canonicalJson(value)},`
    spelled.set(value, known)
  }
  return known
}
