import { existsSync } from 'node:fs'
import { join } from 'node:path'

// The brought builds are linked against glibc; where its loader is missing (Alpine, NixOS) they cannot start.
const loaders = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' }

/** The path of the Node that was installed in the tree; undefined when there is none, or none that can start here. */
export function broughtNode(root, host = process) {
  const path = join(root, 'node_modules', `node-linux-${host.arch}`, 'bin', 'node')
  return host.platform === 'linux' && existsSync(loaders[host.arch] ?? '') && existsSync(path) ? path : undefined
}

/**
 * The path of the Node that runs Annex: the one the tree brought, else the running one if it is new enough.
 *
 * A path and never `node`: on a tree that was set up a moment ago PATH still has the system's old one.
 *
 * @throws {Error} with one sentence when neither will do
 */
export function nodeToRun(root, host = process) {
  const brought = broughtNode(root, host)
  if (brought) return brought
  if (isNewEnough(host.versions.node)) return host.execPath
  throw new Error(
    `Annex needs Node 22.19 or newer here and this is Node ${host.versions.node}: install a newer one (https://nodejs.org) and try again.`,
  )
}

/** Whether the version can run TypeScript as it stands and everything Annex is built on. */
export function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 19)
}
