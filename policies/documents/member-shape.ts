import type { Member } from '../member.ts'
import { Digest, MemberId, memberOf, SubsystemId } from '../vocabulary.ts'
import { wording } from './common-shapes.ts'
import { inside, checked, distinct, list, matching, object, oneOf, word } from './shape.ts'
import type { Place, Reader } from './shape.ts'

const subsystem = object({ id: word(SubsystemId), title: wording })

const signingKey = object({
  key: word(Digest),
  spki: matching(
    /^(?:[A-Za-z0-9+/]{4}){8,300}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
    'a SubjectPublicKeyInfo in base64',
  ),
})

export const member: Reader<Member> = checked(
  object({
    id: word(MemberId),
    kind: oneOf('controller', 'processor', 'operator'),
    name: wording,
    subsystems: distinct(list(subsystem), ({ id }) => id),
    onBehalfOf: distinct(list(word(MemberId))),
    signingKeys: distinct(list(signingKey, { most: 10 }), ({ key }) => key),
  }),
  ownSubsystems,
)

function ownSubsystems(member: Member, place: Place): void {
  for (const [index, { id }] of member.subsystems.entries()) {
    if (memberOf(id) === member.id) continue
    const at = inside(inside(inside(place, 'subsystems'), index), 'id')
    place.note(at.pointer, "an id that begins with the member's")
  }
  const { pointer } = inside(place, 'onBehalfOf')
  if (member.kind === 'processor' && member.onBehalfOf.length === 0) {
    place.note(pointer, 'the controllers that the processor acts for')
  }
  if (member.kind !== 'processor' && member.onBehalfOf.length > 0) {
    place.note(pointer, 'nobody: only a processor acts for others')
  }
}
