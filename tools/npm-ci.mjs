import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { createInterface } from 'node:readline'

/**
 * Runs `npm ci` in the folder, on the given Node, and tells in plain lines how far it is. No install script runs.
 *
 * @throws {Error} with npm's last words when it fails
 */
export async function npmCi(folder, node) {
  const [program, ...first] = npm(node)
  const args = [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http', '--color=false']
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' })
  const [code, words] = await Promise.all([ended(child), watched(child)])
  if (code !== 0)
    throw new Error(`npm ci failed; its last words were:\n${words.slice(-15).join('\n')}\nCheck the network and the disk, then try again.`)
}

// npm's own file when npm started us, so that it is the same npm; else the one on the PATH, which finds its Node there.
function npm(node) {
  const path = process.env.npm_execpath ?? ''
  return /npm-cli\.[cm]?js$/.test(path) ? [node, path] : ['npm']
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', () => reject(new Error('npm was not found: install Node with npm and try again.')))
    child.once('close', resolve)
  })
}

/** Tells every two seconds how far it is; resolves to what npm said besides. */
async function watched(child) {
  const words = []
  let fetched = 0
  let told = 0
  let seconds = 0
  const tell = () => {
    seconds += 2
    console.log(`  ${seconds} s: ${fetched} packages fetched${fetched === told ? ', a large one is under way' : ''}`)
    told = fetched
  }
  const read = async (stream) => {
    for await (const line of createInterface({ input: stream })) {
      if (!/^npm (http|info)\b/.test(line)) words.push(line)
      else if (/\.tgz\b/.test(line)) fetched += 1
    }
  }
  const ticking = setInterval(tell, 2000)
  await Promise.all([read(child.stdout), read(child.stderr)]).finally(() => clearInterval(ticking))
  return words
}
