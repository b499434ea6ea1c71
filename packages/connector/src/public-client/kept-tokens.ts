import { SignInRequired } from '../core/errors.ts'
import type { PublicClientOptions, PublicTokens, SharedKeeper, TokenKeeper } from './public-tokens.ts'

/** So long another process may need to keep the token that it was given. */
const KEEPING_MS = 500

/** A keeper of refresh tokens of one app at one site: what another app or site has left there is as good as nothing. */
export function keeperOf(keep: TokenKeeper, { issuer, clientId }: PublicClientOptions): SharedKeeper {
  let known: string | undefined
  const read = async (): Promise<string | undefined> => (known = refreshIn((await keep.read()) ?? '[]', issuer, clientId))
  return {
    read,
    write: async (refresh) => {
      // A site that leaves the old token in force gave none: what another process has kept since stays.
      if (refresh !== known) await keep.write(JSON.stringify([issuer, clientId, refresh]))
    },
    clear: () => {
      known = undefined
      return keep.clear()
    },
    isReplaced: async (refused) => {
      if ((await read()) === refused) await new Promise((resolve) => setTimeout(resolve, KEEPING_MS))
      const kept = await read()
      return kept !== undefined && kept !== refused
    },
  }
}

function refreshIn(text: string, issuer: string, clientId: string): string | undefined {
  try {
    const [site, app, refresh] = JSON.parse(text) as unknown[]
    return site === issuer && app === clientId && typeof refresh === 'string' ? refresh : undefined
  } catch {
    return undefined
  }
}

/**
 * Begins with what was kept; false when that is nothing, or access has ended meanwhile.
 *
 * @throws {UpstreamUnavailable} when the site does not answer: what was kept stays
 */
export async function resume(tokens: PublicTokens, keep: TokenKeeper | undefined, scopes: readonly string[]): Promise<boolean> {
  if ((await keep?.read()) === undefined) return false
  // The renewal reads it again: written back from here, it would go over the next one, which another process may have kept meanwhile.
  await tokens.accept({ access: '', refresh: null, scopes, idToken: undefined, issuedAt: 0, expiresAt: 0 })
  try {
    await tokens.token()
    return true
  } catch (error) {
    if (error instanceof SignInRequired) return false
    throw error
  }
}
