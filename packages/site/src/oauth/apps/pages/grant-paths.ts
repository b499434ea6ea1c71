import { paths } from '../../../pages/paths.ts'

const ONE = ':id/connections/:grant'
/** The page on one of the caller's own connections, and on anybody's for System Managers. */
export const OWN_GRANT = `${paths.myApps}/${ONE}`
export const SITE_GRANT = `${paths.connectedApps}/${ONE}`

interface Named {
  readonly id: string
  readonly client: string
}

const pathIn = (place: string, { id, client }: Named): string =>
  `${place}/${encodeURIComponent(client)}/connections/${encodeURIComponent(id)}`
export const ownGrantPathOf = (grant: Named): string => pathIn(paths.myApps, grant)
export const siteGrantPathOf = (grant: Named): string => pathIn(paths.connectedApps, grant)
