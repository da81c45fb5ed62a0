/**
 * The people of the demo. None of them can exist: nobody was ever given a number whose second character is 0 or 3–6.
 * What departments hold about them is made from one row each, so that every value is known and can be searched for.
 */
export interface Person {
  readonly subjectId: string
  readonly name: string
  readonly birthDate: string
  /** The household that they live in; the first of it is its head. */
  readonly household: string
  readonly relation: 'HEAD' | 'SPOUSE' | 'CHILD' | 'PARENT'
  /** Distinguishes addresses, amounts and employers. */
  readonly serial: number
}

export const PERSONS: readonly Person[] = [
  person(1, 'A000000018', '測試甲', '1984-03-17', 'X1000018', 'HEAD'),
  person(2, 'A000000027', '測試乙', '1986-08-29', 'X1000018', 'SPOUSE'),
  person(3, 'A300000014', '王示範', '1979-12-05', 'X1000027', 'HEAD'),
  person(4, 'A300000023', '王範例', '2012-06-21', 'X1000027', 'CHILD'),
  person(5, 'F300000037', '範例乙', '1991-02-11', 'X1000036', 'HEAD'),
  person(6, 'H300000048', '範例丙', '1963-10-30', 'X1000036', 'PARENT'),
  person(7, 'B300000051', '陳測試', '1988-07-08', 'X1000045', 'HEAD'),
  person(8, 'D300000062', '林示範', '1957-04-26', 'X1000054', 'HEAD'),
  person(9, 'E300000072', '林範例', '1959-11-14', 'X1000054', 'SPOUSE'),
  person(10, 'T300000083', '測試丁', '1995-09-03', 'X1000063', 'HEAD'),
  person(11, 'A400000016', '示範戊', '2001-05-19', 'X1000072', 'HEAD'),
]

export function personOf(subjectId: string): Person | undefined {
  return PERSONS.find((known) => known.subjectId === subjectId)
}

// eslint-disable-next-line max-params -- a row of a table reads better than a record eleven times
function person(
  serial: number,
  subjectId: string,
  name: string,
  birthDate: string,
  household: string,
  relation: Person['relation'],
): Person {
  return { serial, subjectId, name, birthDate, household, relation }
}
