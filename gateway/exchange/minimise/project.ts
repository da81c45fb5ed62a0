/**
 * Only what is permitted passes: one walk over the bytes of an answer, without parsing it into values, so that numbers and
 * strings leave as they came.
 *
 * The whole answer must be JSON (RFC 8259) in UTF-8, with no member name twice in any object, in dropped parts too: a
 * reader that takes the other of two members would see what was not decided on. Faults are weighed when all is read, so
 * the order of members does not matter: malformed before wrong subject before further people.
 *
 * - A permitted value that lacks its registered type refuses the answer; one that is not permitted is dropped unseen.
 * - Containers are written out where something permitted is registered in them, be it empty; arrays keep their order and
 *   length. Where a container is registered and `null` stands under the name, the member is dropped.
 * - The whole answer is an object or an array, and stays one, be it empty.
 * - White space between tokens is dropped.
 */
import type { Buffer } from 'node:buffer'
import type { FieldName } from '../../../policies/vocabulary.ts'
import { layOut, wipe } from '../json/text-bytes.ts'
import type { Projection } from './compile-projection.ts'
import { Pass } from './pass.ts'
import { walkText } from './walk.ts'

export type Projected =
  | {
      readonly kind: 'projected'
      readonly body: Buffer
      /** Registered and permitted fields that were there, sorted. */
      readonly passed: readonly FieldName[]
      /** Registered fields that were there and may not pass, sorted. */
      readonly removed: readonly FieldName[]
      /** Names that are not registered, sorted: attacker-controlled, to be counted and committed to, never written. */
      readonly others: readonly string[]
      /** `same`: the answer names the person asked about, and nobody else, wherever it must. */
      readonly subjectCheck: 'same' | 'provider-asserted'
    }
  | {
      readonly kind: 'refused'
      readonly code:
        | 'Server.Provider.Malformed'
        | 'Server.Provider.WrongSubject'
        | 'Server.Provider.FurtherPeople'
      /** The field that did not have its type. */
      readonly place?: FieldName
    }

/** `subject`: whom the request asked about; undefined where nobody is identifiable. */
export function project(
  projection: Projection,
  body: Buffer,
  subject: string | undefined,
): Projected {
  const bytes = layOut(body)
  if (bytes === undefined) return { kind: 'refused', code: 'Server.Provider.Malformed' }
  const pass = new Pass(projection, body, bytes, subject)
  walkText(pass, projection.root)
  const result = weigh(pass, projection)
  wipe(body.length)
  return result
}

function weigh(pass: Pass, projection: Projection): Projected {
  if (pass.malformed) {
    const place = pass.place === undefined ? {} : { place: pass.place }
    return { kind: 'refused', code: 'Server.Provider.Malformed', ...place }
  }
  if (pass.wrongSubject) return { kind: 'refused', code: 'Server.Provider.WrongSubject' }
  if (pass.furtherPeople) return { kind: 'refused', code: 'Server.Provider.FurtherPeople' }
  const passed: FieldName[] = []
  const removed: FieldName[] = []
  for (const [index, name] of projection.names.entries()) {
    if (pass.present[index] !== 1) continue
    if (projection.permitted[index] === true) passed.push(name)
    else removed.push(name)
  }
  return {
    kind: 'projected',
    body: pass.kept.copy(pass.text, pass.bytes),
    passed,
    removed,
    others: pass.others.sorted(),
    subjectCheck: pass.subjectSeen ? 'same' : 'provider-asserted',
  }
}
