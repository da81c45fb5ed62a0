// Two commands started together must not both install: npm would delete what the other unpacks.
import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SetUpFault } from './set-up-fault.mjs'

const LOOK_AGAIN_MS = 250
const PATIENCE_MS = 20 * 60 * 1000

export async function oneAtATime(root, tell, work) {
  // Not in node_modules, which npm deletes; .gongdao is ours and ignored by git.
  const folder = join(root, '.gongdao')
  const lock = join(folder, 'set-up.lock')
  await takeWhenFree(lock, tell)
  const release = () => {
    rmSync(lock, { force: true })
    removeIfEmpty(folder)
  }
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

async function takeWhenFree(lock, tell) {
  if (take(lock)) return
  const holder = readHolder(lock)
  if (holder !== undefined && !isAlive(holder)) removeLeftBehind(lock, holder)
  if (take(lock)) return
  const what = `Another command is setting up this checkout (process ${readHolder(lock) ?? '?'}); waiting`
  await tell.during(
    what,
    () => '',
    () => wait(lock),
  )
}

async function wait(lock) {
  const until = Date.now() + PATIENCE_MS
  while (Date.now() < until) {
    if (take(lock)) return
    const holder = readHolder(lock)
    if (holder !== undefined && !isAlive(holder)) removeLeftBehind(lock, holder)
    await pause(LOOK_AGAIN_MS)
  }
  throw new SetUpFault(
    `another set-up (process ${readHolder(lock) ?? 'unknown'}) has not finished`,
    `If no such process is installing, delete ${lock} and run the same command again.`,
  )
}

/** The file appears with its content or not at all: a link to a finished file is atomic. */
function take(lock) {
  const mine = `${lock}.${process.pid}`
  try {
    // Each time: the one before us removes the folder with its lock.
    mkdirSync(dirname(lock), { recursive: true })
    writeFileSync(mine, String(process.pid))
    linkSync(mine, lock)
    return true
  } catch (fault) {
    if (fault.code === 'EEXIST' || fault.code === 'ENOENT') return false
    throw cannotWrite(lock, fault)
  } finally {
    rmSync(mine, { force: true })
  }
}

function cannotWrite(lock, fault) {
  return new SetUpFault(
    `this user cannot write ${lock} (${fault.code})`,
    'Check who owns this folder and whether the disk is full, then run the same command again.',
  )
}

/**
 * The holder died. Of several that notice, one may remove the file, and only while it is still the
 * dead one's: otherwise the second would remove the lock that the first has just taken.
 */
function removeLeftBehind(lock, holder) {
  const guard = `${lock}.removing`
  try {
    mkdirSync(guard)
  } catch {
    return
  }
  try {
    if (readHolder(lock) === holder) unlinkSync(lock)
  } finally {
    rmdirSync(guard)
  }
}

function readHolder(lock) {
  try {
    return Number.parseInt(readFileSync(lock, 'utf8'), 10)
  } catch {
    return undefined
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (fault) {
    return fault.code === 'EPERM'
  }
}

function removeIfEmpty(folder) {
  try {
    rmdirSync(folder)
  } catch {
    // Somebody keeps something in it.
  }
}
