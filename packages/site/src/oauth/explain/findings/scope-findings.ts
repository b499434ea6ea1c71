import { allowsScope, documentScope, type DocType, type Right } from '@annex/protocol'
import { judgedBy, lackOf, type Lack } from '../../../policy/covers.ts'
import { isFencedToOwn } from '../../../policy/fence.ts'
import type { TokenRights } from '../../../policy/principal.ts'
import type { Client } from '../../clients/client.ts'
import { holds, limits, refuses, type Finding } from './findings.ts'

export interface ScopeQuestion {
  readonly token: TokenRights
  readonly client: Client | undefined
  readonly doctype: DocType
  /** DocTypes that have it among their rows. */
  readonly parents: readonly string[]
  readonly doctypeOf: (name: string) => DocType | undefined
  readonly right: Right
}

/** What a token's scopes say, of the DocType or of all that its rows belong to; as the guard asks them. */
export function scopeFindings(question: ScopeQuestion): Finding[] {
  const { token, doctype, doctypeOf, right, parents } = question
  const judged = judgedBy(doctype.name, doctype.istable, parents)
  const lacks = judged.flatMap((name) => {
    const lack = lackOf(token, name, doctypeOf(name)?.id, right)
    return lack ? [lackFinding(lack, name, question)] : []
  })
  if (lacks.length > 0) return lacks
  const covered = holds('scope', `The app's scopes cover ${judged.map((name) => documentScope(name, right)).join(' and ')}`)
  return [covered, ...ownFinding(token, doctype)]
}

function lackFinding(lack: Lack, name: string, { token, client, right }: ScopeQuestion): Finding {
  const scope = documentScope(name, right)
  const ask = askFor(scope, client)
  if (lack === 'fence')
    return refuses(
      'fence',
      `The app's scopes (${shownScopes(token)}) open much, but stop before ${right === 'share' ? 'sharing' : name}`,
      `${ask}, or lift the fence for the app`,
    )
  if (lack === 'namesake')
    return refuses('scope', `The user allowed ${scope} for another DocType ${name}, which was there before this one`, `${ask} again`)
  return refuses('scope', `The app's scopes (${shownScopes(token)}) do not cover ${scope}`, ask)
}

const shownScopes = ({ scopes }: TokenRights): string => (scopes.tokens.length === 0 ? 'none' : scopes.tokens.join(' '))

/** An app can ask for what it is registered for alone. */
function askFor(scope: string, client: Client | undefined): string {
  const asking = `The app asks its user for ${scope}`
  return client && !allowsScope(client.scopes, scope)
    ? `A System Manager adds ${scope} to the allowed rights of the app; then the app asks its user for it`
    : asking
}

/** Of some DocTypes `all` opens the user's own documents only. */
const ownFinding = (token: TokenRights, { name }: DocType): Finding[] =>
  isFencedToOwn(token, name)
    ? [
        limits(
          'fence',
          `Through "all" the app gets those documents of ${name} that its user made`,
          `The app asks its user for ${documentScope(name, 'read')}`,
        ),
      ]
    : []

/** Whether a token may call a method for which no right on documents is enough. */
export function methodFinding(token: TokenRights, name: string): Finding {
  if (token.scopes.opensMethod(name) || (token.scopes.all && token.unfenced))
    return holds('method', `The app's scopes cover method:${name}`)
  return refuses(
    'method',
    `The app's scopes (${shownScopes(token)}) do not cover method:${name}`,
    `The app asks its user for method:${name}`,
  )
}
