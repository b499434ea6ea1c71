// Checks package-lock.json, and the lock of tools/mutation, for what makes `npm ci` refuse it on another machine, or install something unvetted:
// an optional dependency without a locked version (npm writes such entries when a release lacks a platform's package),
// and a package without the hash of its contents.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** What is wrong with a lock, in words; empty when nothing is. */
export function faultsIn(lock) {
  return Object.entries(lock.packages).flatMap(([path, entry]) => [...missingOptional(lock, path, entry), ...unpinned(path, entry)])
}

const missingOptional = (lock, path, entry) =>
  Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !isLocked(lockedFor(lock, path, name)))
    .map(
      (name) =>
        `${path || 'the root'}: its optional dependency ${name} has no locked version; pin a release that has every platform's package`,
    )

/** A workspace's own version stands where its link leads. */
const isLocked = (entry) => Boolean(entry?.version || entry?.link)

function unpinned(path, entry) {
  if (!path.includes('node_modules/') || entry.link) return []
  if (!entry.version) return [`${path}: no version is locked`]
  return entry.integrity || entry.inBundle ? [] : [`${path}: the lock has no hash of it`]
}

/** The entry that Node would find from `path`: its own node_modules, then each one above. */
function lockedFor(lock, path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const entry = lock.packages[`${folder && `${folder}/`}node_modules/${name}`]
    if (entry || !folder) return entry
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const locks = ['../package-lock.json', './mutation/package-lock.json'].map((path) =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')),
  )
  const faults = locks.flatMap(faultsIn)
  for (const fault of faults) console.error(fault)
  const count = locks.reduce((sum, { packages }) => sum + Object.keys(packages).length, 0)
  if (faults.length === 0) console.log(`${count} locked packages, nothing amiss.`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
