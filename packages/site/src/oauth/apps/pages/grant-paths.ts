import { paths } from '../../../pages/paths.ts'

const ONE = ':id/connections/:grant'
/** The page on one of the caller's own connections, and on anybody's for System Managers. */
export const OWN_GRANT = `${paths.myApps}/${ONE}`
export const SITE_GRANT = `${paths.connectedApps}/${ONE}`
/** The page on one access token of such a connection. */
export const OWN_TOKEN = `${OWN_GRANT}/tokens/:token`
export const SITE_TOKEN = `${SITE_GRANT}/tokens/:token`

interface Named {
  readonly id: string
  readonly client: string
}

const pathIn = (place: string, { id, client }: Named): string =>
  `${place}/${encodeURIComponent(client)}/connections/${encodeURIComponent(id)}`
export const ownGrantPathOf = (grant: Named): string => pathIn(paths.myApps, grant)
export const siteGrantPathOf = (grant: Named): string => pathIn(paths.connectedApps, grant)

/** Of what a token is stored by the part that names it in an address: enough to tell those of one connection apart. */
const NAMED = 24
export const tokenPathIn = (grantPath: string, hash: string): string => `${grantPath}/tokens/${hash.slice(0, NAMED)}`
/** Whether an address names it. */
export const isNamed = (hash: string, name: string): boolean => hash.slice(0, NAMED) === name
