import { paths } from '../../../pages/paths.ts'

export const USER = `${paths.connectedApps}/user`
export const END_USER = `${USER}/end-all`
export const UNTIE_USER = `${USER}/untie`
/** Where API access of one user is switched. */
export const USER_ACCESS = `${USER}/api-access`
/** The name of a User as it is kept, whatever its case was typed in; empty when nothing was. */
export function userNameOf(typed: string | null | undefined): string {
  const name = typed?.trim().toLowerCase() ?? ''
  return name === 'administrator' ? 'Administrator' : name
}
/** A page on one user's connections. */
export const userPathOf = (user: string, page: string = USER): string => `${page}?user=${encodeURIComponent(user)}`
