/** The apps that both providers know, alike in all that can be set. */
export const CLIENTS = ['basic', 'post', 'public', 'service'] as const
export type ClientName = (typeof CLIENTS)[number]

export const REDIRECT = 'https://app.example.com/cb'
export const SCOPE = 'openid profile email'
export const SERVICE_SCOPE = 'Item:read Customer:read'

export interface Credentials {
  readonly id: string
  readonly secret: string
}

/** One of the two providers that are compared. */
export interface Side {
  readonly token: string
  readonly revocation: string
  readonly clients: Readonly<Record<ClientName, Credentials>>
  /** A fresh code for what `SCOPE` names and the redirect URI that both know. */
  code(client: ClientName, challenge: string | undefined): Promise<string>
  close(): Promise<void>
}
