/**
 * Where to go after signing in: the wanted path when it lies on this site, else the fallback.
 *
 * Browsers read `\` as `/`, drop tabs, and take `//host` for another site; so the address is resolved as they
 * do it, and what is given back is resolved once more.
 */
export function redirectTarget(wanted: unknown, origin: string, fallback: string): string {
  if (typeof wanted !== 'string' || !URL.canParse(wanted, origin)) return fallback
  const url = new URL(wanted, origin)
  if (url.origin !== origin || url.username !== '' || url.password !== '') return fallback
  const path = url.pathname + url.search + url.hash
  return URL.canParse(path, origin) && new URL(path, origin).origin === origin ? path : fallback
}
