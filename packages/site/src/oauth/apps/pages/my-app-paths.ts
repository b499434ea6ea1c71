import { paths } from '../../../pages/paths.ts'

/** What the buttons of My apps post to, for one connection and for one token. */
export const END_GRANT = `${paths.myApps}/end-grant`
export const END_TOKEN = `${paths.myApps}/end-token`
/** The page of one of the caller's own apps. */
export const ownPathOf = (id: string): string => `${paths.myApps}/${encodeURIComponent(id)}`
