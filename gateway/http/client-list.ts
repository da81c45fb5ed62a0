/** The answer of listClients (X-Road PR-META 2, PR-MREST 4.1): who takes part, by identifier and name. */
import type { MemberId, SubsystemId } from '../../policies/vocabulary.ts'
import type { Reply } from '../exchange/call.ts'

export interface ClientEntry {
  readonly id: MemberId | SubsystemId
  /** The member's name. */
  readonly name: string
  readonly subsystemName?: string | undefined
}

/** JSON only where `application/json` is accepted (`q` ignored), XML otherwise: so X-Road has it. */
export function clientList(entries: readonly ClientEntry[], accept: string | undefined): Reply {
  const sorted = entries.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return acceptsJson(accept)
    ? reply('application/json; charset=utf-8', JSON.stringify({ member: sorted.map(asJson) }))
    : reply('text/xml; charset=utf-8', asXml(sorted))
}

function acceptsJson(accept = ''): boolean {
  return accept
    .split(',')
    .some((entry) => entry.split(';', 1)[0]?.trim().toLowerCase() === 'application/json')
}

function reply(type: string, text: string): Reply {
  return { status: 200, headers: ['Content-Type', type], body: Buffer.from(text) }
}

function asJson(entry: ClientEntry): unknown {
  const { instance, memberClass, code, subsystem } = partsOf(entry)
  return {
    id: {
      member_class: memberClass,
      member_code: code,
      object_type: subsystem === undefined ? 'MEMBER' : 'SUBSYSTEM',
      ...(subsystem === undefined ? {} : { subsystem_code: subsystem }),
      xroad_instance: instance,
    },
    name: entry.name,
    ...(entry.subsystemName === undefined ? {} : { subsystem_name: entry.subsystemName }),
  }
}

function asXml(entries: readonly ClientEntry[]): string {
  const members = entries.map((entry) => {
    const { instance, memberClass, code, subsystem } = partsOf(entry)
    const type = subsystem === undefined ? 'MEMBER' : 'SUBSYSTEM'
    const id = [
      element('id:xRoadInstance', instance),
      element('id:memberClass', memberClass),
      element('id:memberCode', code),
      subsystem === undefined ? '' : element('id:subsystemCode', subsystem),
    ]
    const names = [
      element('xrd:name', entry.name),
      entry.subsystemName === undefined ? '' : element('xrd:subsystemName', entry.subsystemName),
    ]
    return `<xrd:member><xrd:id id:objectType="${type}">${id.join('')}</xrd:id>${names.join('')}</xrd:member>`
  })
  const spaces =
    'xmlns:xrd="http://x-road.eu/xsd/xroad.xsd" xmlns:id="http://x-road.eu/xsd/identifiers"'
  return `<?xml version="1.0" encoding="UTF-8"?>\n<xrd:clientList ${spaces}>${members.join('')}</xrd:clientList>\n`
}

function partsOf(entry: ClientEntry): {
  readonly instance: string
  readonly memberClass: string
  readonly code: string
  readonly subsystem: string | undefined
} {
  const [instance = '', memberClass = '', code = '', subsystem] = entry.id
    .split('/')
    .map(decodeURIComponent)
  return { instance, memberClass, code, subsystem }
}

function element(name: string, text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<${name}>${escaped}</${name}>`
}
