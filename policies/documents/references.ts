/** What members and services say of other documents. */
import { memberOf, subsystemOf } from '../vocabulary.ts'
import type { MemberId } from '../vocabulary.ts'
import type { Documents } from './documents.ts'

type Note = (path: string, pointer: string, expected: string) => void

export function isController({ members }: Documents, id: MemberId): boolean {
  return members.get(id)?.document.kind === 'controller'
}

/** Whether a member may act for a controller: it is that controller, or its processor. */
export function actsFor({ members }: Documents, member: MemberId, controller: MemberId): boolean {
  if (member === controller) return true
  return members.get(member)?.document.onBehalfOf.includes(controller) ?? false
}

export function memberReferences(documents: Documents, note: Note): void {
  for (const { path, document } of documents.members.values()) {
    for (const [index, id] of document.onBehalfOf.entries()) {
      if (isController(documents, id)) continue
      note(path, `/onBehalfOf/${String(index)}`, 'a registered controller')
    }
  }
}

export function serviceReferences(documents: Documents, note: Note): void {
  for (const { path, document: service } of documents.services.values()) {
    if (!isController(documents, service.controller)) {
      note(path, '/controller', 'a registered controller')
    }
    const owner = memberOf(service.id)
    const offers = documents.members.get(owner)?.document.subsystems ?? []
    if (!offers.some(({ id }) => id === subsystemOf(service.id))) {
      note(path, '/id', 'a service of a registered subsystem')
    }
    if (!actsFor(documents, owner, service.controller)) {
      note(
        path,
        '/controller',
        'the member that offers the service, or a controller that it acts for',
      )
    }
  }
}
