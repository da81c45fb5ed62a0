import { object, text } from './shape.ts'

export const wording = object({ zh: text(), en: text(400) })
