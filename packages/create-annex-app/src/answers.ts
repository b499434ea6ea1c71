export const frameworks = ['node', 'express', 'fastify', 'hono', 'next'] as const

export type Framework = (typeof frameworks)[number]

/** What the new app is to be. */
export interface Answers {
  /** Where to write it. */
  readonly folder: string
  readonly name: string
  readonly framework: Framework
  /** The site's origin. */
  readonly upstream: string
}

/** @throws {Error} one sentence that says what a name may hold */
export function parseName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,63}$/.test(text)) return text
  throw new Error(`The name ${text} cannot be taken: write small letters, digits and hyphens, a letter first, for example shop`)
}

/** @throws {Error} one sentence that names the frameworks there are */
export function parseFramework(text: string): Framework {
  const framework = frameworks.find((one) => one === text)
  if (framework !== undefined) return framework
  throw new Error(`There is no template for ${text}: choose one of ${frameworks.join(', ')}`)
}

/** A host goes into the app's source: URLs let quotes and brackets pass in one. */
const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])$/

/**
 * The site's origin of what somebody typed or copied out of a browser.
 *
 * @throws {Error} one sentence that says what is wrong with the address
 */
export function parseUpstream(text: string): string {
  const address = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`
  if (!URL.canParse(address)) throw new Error(`The site ${text} is no address: write one such as https://erp.example.com`)
  const { protocol, origin, hostname } = new URL(address)
  if (!HOST.test(hostname)) throw new Error(`The site ${text} has no host that a site can have: write one such as https://erp.example.com`)
  const isLoopback = /^(?:(?:[^.]+\.)*localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback)) return origin
  throw new Error(`The site ${text} must be https: tokens would cross the network in clear`)
}
