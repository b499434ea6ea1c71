import type { Values } from '@annex/protocol'
import { Api } from '../../../../tests/support/callers/api.ts'
import type { Engine } from '../../../../tests/support/databases.ts'
import { startSite, type RunningSite } from '../../../../tests/support/site.ts'
import type { Backend } from '../backend/backend.ts'
import { fillWorld } from '../backend/contract/world.fixture.ts'
import { ADMINISTRATOR } from '../policy/principal.ts'

/** Another site, in a process of its own, with the documents of the Backend's contract suite. */
export interface OtherSite {
  readonly site: RunningSite
  /** Its Administrator, at its API. */
  readonly admin: Api
  /** The service user's key, who sees all that is there. */
  readonly key: string
}

export async function startOtherSite(engine: Engine): Promise<OtherSite> {
  const site = await startSite(engine)
  const session = await Api.signIn(site.url, 'Administrator', site.adminPassword)
  const keys = await session.post('frappe.core.doctype.user.user.generate_keys', { user: 'Administrator' })
  const { api_key: apiKey, api_secret: secret } = keys.body['message'] as { api_key: string; api_secret: string }
  const key = `${apiKey}:${secret}`
  const admin = new Api(site.url, { authorization: `token ${key}` })
  await fillWorld(overHttp(admin), ADMINISTRATOR)
  return { site, admin, key }
}

/** As much of a Backend as filling the world needs. */
function overHttp(admin: Api): Backend {
  const insert = async (_principal: unknown, doctype: string, documents: readonly Values[]): Promise<Values[]> => {
    const made: Values[] = []
    for (const values of documents) made.push(await admin.insert(doctype, values))
    return made
  }
  return { insert } as unknown as Backend
}
