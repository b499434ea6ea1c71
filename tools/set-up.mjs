import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const stampOf = (root) => join(root, 'node_modules', '.annex-lock-hash')

/**
 * Installs what package-lock.json names, when that is not what is installed. Otherwise touches neither disk nor network.
 *
 * The stamp lies in node_modules, which `npm ci` empties first: an install that was broken off is done again.
 *
 * @throws {Error} with npm's own last words when it fails
 */
export async function setUp(root) {
  const hash = createHash('sha256')
    .update(await readFile(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = await readFile(stampOf(root), 'utf8').catch(() => '')
  if (stamp.trim() === hash) return false
  console.log('Setting up (once, until package-lock.json changes) …')
  const began = Date.now()
  await install(root)
  await mkdir(join(root, 'node_modules'), { recursive: true })
  await writeFile(stampOf(root), `${hash}\n`)
  console.log(`Set up in ${Math.round((Date.now() - began) / 1000)} s.`)
  return true
}

async function install(root) {
  const [program, ...first] = npm()
  const args = [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http', '--color=false']
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const [code, words] = await Promise.all([ended(child), watched(child)])
  if (code !== 0)
    throw new Error(`npm ci failed; its last words were:\n${words.slice(-15).join('\n')}\nCheck the network and the disk, then try again.`)
}

// npm's own file when npm started us, so that it is the same npm; Windows has no program called npm, only a script.
function npm() {
  const path = process.env.npm_execpath ?? ''
  return /npm-cli\.[cm]?js$/.test(path) ? [process.execPath, path] : [process.platform === 'win32' ? 'npm.cmd' : 'npm']
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', () => reject(new Error('npm was not found: install Node with npm and try again.')))
    child.once('close', resolve)
  })
}

/** Tells every two seconds how many packages have come, in plain lines; resolves to what npm said besides. */
async function watched(child) {
  const words = []
  let fetched = 0
  let told = Date.now()
  const read = async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      if (!/^npm (http|info)\b/.test(line)) words.push(line)
      else if (/\.tgz\b/.test(line)) fetched += 1
      if (Date.now() - told < 2000) continue
      told = Date.now()
      console.log(`  ${fetched} packages fetched`)
    }
  }
  await Promise.all([read(child.stdout), read(child.stderr)])
  return words
}
