/** The address of a request's target at an origin; undefined for a target that is no path (`*`, `host:443`, a whole address). */
export function addressAt(origin: string, target: string): string | undefined {
  // A target of two slashes would name another host, were it resolved against the origin.
  return target.startsWith('/') && URL.canParse(`${origin}${target}`) ? `${origin}${target}` : undefined
}
