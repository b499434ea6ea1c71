import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { broughtNode, isNewEnough } from './node-to-run.mjs'
import { npmCi } from './npm-ci.mjs'

const stampOf = (root) => join(root, 'node_modules', '.annex-lock-hash')

/**
 * Installs what package-lock.json names, when that is not what is installed. Otherwise touches neither disk nor network.
 *
 * The stamp lies in node_modules, which `npm ci` empties first: an install that was broken off is done again.
 *
 * @returns whether anything was done
 * @throws {Error} with npm's own last words when it fails
 */
export async function setUp(root, host = process) {
  const text = await readFile(join(root, 'package-lock.json'), 'utf8')
  const hash = createHash('sha256').update(text).digest('hex')
  const stamp = await readFile(stampOf(root), 'utf8').catch(() => '')
  if (stamp.trim() === hash) return false
  console.log('Setting up (once, until package-lock.json changes) …')
  const began = Date.now()
  await install(root, JSON.parse(text), host)
  await mkdir(join(root, 'node_modules'), { recursive: true })
  await writeFile(stampOf(root), `${hash}\n`)
  console.log(`Set up in ${Math.round((Date.now() - began) / 1000)} s.`)
  return true
}

/**
 * npm leaves out, without a word, every optional package whose `engines` the running Node does not meet, and those hold
 * the binaries. On an older Node the brought one therefore comes first, alone and by the hash in the lock, and runs npm.
 */
async function install(root, lock, host) {
  const name = `node-linux-${host.arch}`
  const entry = lock.packages[`node_modules/${name}`]
  if (isNewEnough(host.versions.node) || host.platform !== 'linux' || !entry) return npmCi(root, host.execPath)
  const folder = await mkdtemp(join(tmpdir(), 'annex-node-'))
  try {
    console.log(`This is Node ${host.versions.node}; Node ${entry.version} comes first.`)
    await writeTree(folder, name, entry)
    await npmCi(folder, host.execPath)
    await npmCi(root, broughtNode(folder, host) ?? host.execPath)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeTree(folder, name, { version, resolved, integrity }) {
  const own = { name: 'node-first', version: '0.0.0', dependencies: { [name]: version } }
  const packages = { '': own, [`node_modules/${name}`]: { version, resolved, integrity } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(own))
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ ...own, lockfileVersion: 3, requires: true, packages }))
}
