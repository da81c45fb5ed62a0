// npm's many words for a few causes: whose fault it is, and what to do about it.
import { SetUpFault } from './set-up-fault.mjs'

const LINES_SHOWN = 12
const AGAIN = 'Then run the same command again.'

const CAUSES = [
  {
    seen: /EINTEGRITY/,
    what: 'a package is not the one that package-lock.json names',
    whatToDo: `Either a download was damaged or somebody changed a package. Run "npm cache verify". ${AGAIN} If it stays, do not work around it: report it.`,
  },
  {
    seen: /ENOSPC/,
    what: 'the disk is full',
    whatToDo: `About 1 GB is needed. Free some space. ${AGAIN}`,
  },
  {
    seen: /EACCES|EPERM|EROFS/,
    what: "this user may not write here (or into npm's cache)",
    whatToDo: `Check who owns this folder and ~/.npm. ${AGAIN}`,
  },
  {
    seen: /\bE40[13]\b|ENEEDAUTH/,
    what: 'the package registry refuses this machine',
    whatToDo: `Your npm settings ("npm config list") name a registry or proxy that wants a login. Not a fault of Gongdao. ${AGAIN}`,
  },
  {
    seen: /\bE404\b|ETARGET/,
    what: 'the package registry does not have a package that package-lock.json names',
    whatToDo:
      'If your npm settings ("npm config list") name a mirror, it is incomplete: ask whoever runs it.',
  },
  {
    seen: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|CERT_|UNABLE_TO_|SELF_SIGNED|\bE50\d\b/,
    what: 'no connection to the package registry',
    whatToDo: `That is the network or proxy of this machine, not Gongdao. Check that it is online and what "npm config list" says of proxy and registry. ${AGAIN} Only this first set-up needs a network.`,
  },
]

export function whyNpmFailed(code, output) {
  if (code === null) {
    return new SetUpFault('npm could not be started', `npm comes with Node. Install it. ${AGAIN}`)
  }
  const cause = CAUSES.find(({ seen }) => seen.test(output))
  const said = `npm said:\n${lines(output).slice(0, LINES_SHOWN).join('\n')}`
  if (cause === undefined) return new SetUpFault(`npm ci ended with code ${code}`, said)
  return new SetUpFault(cause.what, `${cause.whatToDo}\n\n${said}`)
}

/** npm's errors without its own call stack, its usage and its warnings. */
function lines(output) {
  const all = output.split('\n').map((line) => line.trimEnd())
  const errors = all.filter((line) => /^npm error \S/.test(line) && !/^npm error\s+at /.test(line))
  return errors.length > 0 ? errors : all.filter((line) => line !== '')
}
