/**
 * Everything that a decision reads, prepared once: documents, rules, and for each pair of subsystem and service the
 * agreements between them. Immutable; replaced as a whole when a manifest takes force.
 */
import { indexAgreements } from './agreement-index.ts'
import type { AgreementIndex } from './agreement-index.ts'
import type { Documents } from './documents/documents.ts'
import { prepareEntities } from './entities.ts'
import type { Entities } from './entities.ts'
import type { Member } from './member.ts'
import type { RuleSet } from './rule-set.ts'
import type { SubsystemId } from './vocabulary.ts'

export interface RuleBook {
  readonly documents: Documents
  readonly rules: RuleSet
  readonly agreements: AgreementIndex
  /** The member that each registered subsystem belongs to. */
  readonly subsystems: ReadonlyMap<SubsystemId, Member>
  readonly entities: Entities
}

export function makeRuleBook(documents: Documents, rules: RuleSet): RuleBook {
  const subsystems = new Map<SubsystemId, Member>()
  for (const { document: member } of documents.members.values()) {
    for (const subsystem of member.subsystems) subsystems.set(subsystem.id, member)
  }
  const entities = prepareEntities(documents)
  const agreements = indexAgreements(documents, entities)
  return { documents, rules, agreements, subsystems, entities }
}
