import { randomBytes, randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, FAMILIAR_PASSWORDS, type Config } from './config.ts'
import type { Accounts } from './identity/accounts/accounts.ts'

/**
 * Makes Administrator at the first start: with the password that was set, or with one that is written to
 * `admin-password` in the data folder (mode 0600). Of two processes that start at once both use the one file.
 *
 * @returns a sentence that says where the password lies, when one was written
 * @throws {Error} one sentence, when the file cannot be written, or a site in production has a password that everybody tries
 */
export async function ensureAdministrator(accounts: Accounts, config: Config): Promise<string | undefined> {
  if (await accounts.hasAdministrator()) {
    if (config.production) await refuseFamiliar(accounts)
    return undefined
  }
  if (config.adminPassword !== undefined) {
    await accounts.ensureAdministrator(config.adminPassword)
    return undefined
  }
  const path = join(config.dataFolder, 'admin-password')
  // Written first: a password that counts and that nobody knows would lock everyone out.
  const made = await accounts.ensureAdministrator(await writtenPassword(path, config.dataFolder))
  return made ? `The password of Administrator is in ${path}` : undefined
}

/** A site that was tried out first may go on in production with the password of its trial. */
async function refuseFamiliar(accounts: Accounts): Promise<void> {
  for (const password of FAMILIAR_PASSWORDS) {
    if (await accounts.checkPassword('Administrator', password))
      throw new ConfigError(
        'ANNEX_ENV',
        'the password of Administrator is one that everybody tries; start without production, change it, and start again',
      )
  }
}

/** The password in the file, which is made whole or not at all. A start that came no further has left one: it counts. */
async function writtenPassword(path: string, folder: string): Promise<string> {
  const draft = join(folder, `.admin-password-${randomUUID()}`)
  try {
    await writeFile(draft, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
    await link(draft, path).catch(ignoreExisting)
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new Error(`ANNEX_DATA: ${path} cannot be written (${codeOf(error)}); make room or set ANNEX_ADMIN_PASSWORD for the first start`, {
      cause: error,
    })
  } finally {
    await rm(draft, { force: true })
  }
}

function ignoreExisting(error: unknown): void {
  if (codeOf(error) !== 'EEXIST') throw error
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown')
