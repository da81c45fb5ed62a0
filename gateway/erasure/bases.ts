/** The grounds that officers may name, by act: closed lists, since what stands in a leaf is never free text (design D15). */
import type { Wording } from '../../policies/vocabulary.ts'
import type { Act, Role } from '../ledger/duty-events.ts'

/** PDPA = 個人資料保護法, ER = its enforcement rules (施行細則). */
const ERASE: Readonly<Record<string, Wording>> = {
  'PDPA-3-5': { zh: '當事人請求刪除', en: 'the subject asks for erasure' },
  'PDPA-11-3': {
    zh: '特定目的消失或期限屆滿',
    en: 'the purpose is gone or its period has expired',
  },
  'PDPA-11-4': { zh: '違法蒐集、處理或利用', en: 'it was collected, processed or used unlawfully' },
}
const HOLD: Readonly<Record<string, Wording>> = {
  'COURT-ORDER': { zh: '法院命令保全', en: 'a court has ordered preservation' },
  PROSECUTION: { zh: '偵查中', en: 'a criminal investigation is open' },
  APPEAL: { zh: '訴願或行政訴訟中', en: 'an administrative appeal is pending' },
  COMPENSATION: { zh: '損害賠償請求中', en: 'a claim for damages is pending (PDPA §28)' },
  DISPUTE: { zh: '正確性有爭議', en: 'its accuracy is disputed (PDPA §11 II)' },
  'ER-21': { zh: '執行職務所必須', en: 'needed for a duty (enforcement rules §21)' },
}
const RELEASE: Readonly<Record<string, Wording>> = {
  ENDED: { zh: '事由消滅', en: 'the reason for the hold is gone' },
  MISTAKE: { zh: '誤設', en: 'it was set by mistake' },
}
const OPEN: Readonly<Record<string, Wording>> = {
  AUDIT: { zh: '稽核', en: 'an audit' },
  COMPLAINT: { zh: '申訴或檢舉', en: 'a complaint' },
  'COURT-ORDER': { zh: '法院調取', en: 'a court has ordered it' },
  INCIDENT: { zh: '資安事件調查', en: 'an incident is investigated' },
  'PDPA-3-1': { zh: '當事人查詢或請求閱覽', en: 'the subject asks to see it' },
}
const PRUNE: Readonly<Record<string, Wording>> = {
  'PDPA-11-3': {
    zh: '特定目的消失或保存期限屆滿',
    en: 'the purpose is gone or the period of retention has expired',
  },
}

export const BASES: Readonly<Record<Act, Readonly<Record<string, Wording>>>> = {
  erase: ERASE,
  hold: HOLD,
  open: OPEN,
  prune: PRUNE,
  release: RELEASE,
}

/** One officer for each place; nobody fills both. */
export const ROLES: Readonly<Record<Act, readonly [Role, Role]>> = {
  erase: ['erasure', 'erasure'],
  hold: ['legal', 'legal'],
  open: ['auditor', 'data-protection'],
  prune: ['auditor', 'data-protection'],
  release: ['legal', 'legal'],
}
