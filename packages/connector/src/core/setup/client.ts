import { isProtected } from './issuer.ts'

/** This app as the site knows it. */
export interface RegisteredClient {
  readonly id: string
  /** Absent for a public client. */
  readonly secret?: string
  /** Byte for byte as registered at the site. */
  readonly redirectUri: string
}

/** How an app comes to be known at a site: by what somebody entered there, or by itself. */
export type ClientOptions = RegisteredClient | SelfRegistering

/** Registers itself where the site allows it (RFC 7591), once; id and secret are kept in the store, sealed. */
export interface SelfRegistering {
  readonly register: {
    /** What people see when they are asked to allow it. */
    readonly name: string
    /** E-mail addresses of those who look after the app. */
    readonly contacts?: readonly string[]
  }
  readonly redirectUri: string
}

/** @throws {Error} one sentence that names the option which is wrong, and what to write instead */
export function checkClientOption(client: ClientOptions | undefined, site: string, basePath: string): void {
  if (client !== undefined && 'register' in client) checkName(client)
  else if (typeof client?.id !== 'string' || client.id === '') throw new Error('client.id must be the id that the site gave to this app')
  else if (client.secret === '')
    throw new Error('client.secret must be the secret that the site gave to this app; leave it out for a public client')
  const { redirectUri } = client
  if (!URL.canParse(redirectUri)) throw new Error(`client.redirectUri ${redirectUri} must be a whole address, as registered at the site`)
  const url = new URL(redirectUri)
  if (!isProtected(url)) throw new Error(`client.redirectUri ${redirectUri} must be https (http is for loopback alone)`)
  if (url.hash !== '') throw new Error(`client.redirectUri ${redirectUri} must have no fragment`)
  if ([`${basePath}/login`, `${basePath}/logout`].includes(url.pathname))
    throw new Error(`client.redirectUri ${redirectUri} must not be where a sign-in begins or ends: write ${url.origin}${basePath}/callback`)
  // Each would wait for the other: the app's sign-in is the site's, and the site's paths are the app's.
  if (url.origin === site) throw new Error(`issuer ${site} must be the site, and client.redirectUri says that the app itself lives there`)
}

function checkName({ register }: SelfRegistering): void {
  if (typeof register?.name !== 'string' || register.name.trim() === '')
    throw new Error('client.register.name must be what people are to see when they are asked to allow this app')
}
