/** Of the package, which brings no types, what is used of it here. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  interface Saved {
    save(): Promise<string>
  }

  interface SavedGrant extends Saved {
    addOIDCScope(scope: string): void
  }

  type Model = new (values: object) => Saved

  export class Provider {
    constructor(issuer: string, configuration: object)
    callback(): (request: IncomingMessage, response: ServerResponse) => void
    readonly Client: { find(id: string): Promise<object | undefined> }
    readonly Grant: new (values: { accountId: string; clientId: string }) => SavedGrant
    readonly AuthorizationCode: Model
    readonly AccessToken: Model
    readonly RefreshToken: Model
  }
}
