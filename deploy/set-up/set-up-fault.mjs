// A fault that the person at the keyboard can do something about: what is wrong, then what to do.
export class SetUpFault extends Error {
  constructor(what, whatToDo) {
    super(`Set-up stopped: ${what}.\n${whatToDo}`)
  }
}
