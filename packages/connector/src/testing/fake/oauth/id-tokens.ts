import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'
import { fromBase64Url, sha256, toBase64Url } from '../../../core/sealing/base64.ts'

/** Signs what a fake site vouches for: with a key that it publishes, or with the client's secret, as a Frappe does. */
export class IdTokens {
  readonly #secret: string | undefined
  #pair: Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> | undefined

  /** @param secret of the client, where the site publishes no keys */
  constructor(secret: string | undefined) {
    this.#secret = secret
  }

  /** The public keys, as they stand at `jwks_uri`. */
  async keys(): Promise<object> {
    const { publicKey } = await this.#keys()
    return { keys: [{ ...(await exportJWK(publicKey)), kid: 'fake', alg: 'ES256', use: 'sig' }] }
  }

  async sign(claims: JWTPayload, type?: string): Promise<string> {
    if (this.#secret !== undefined)
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'jwt' }).sign(new TextEncoder().encode(this.#secret))
    const { privateKey } = await this.#keys()
    const header = { alg: 'ES256', kid: 'fake', ...(type === undefined ? {} : { typ: type }) }
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
  }

  #keys(): Promise<{ privateKey: CryptoKey; publicKey: CryptoKey }> {
    this.#pair ??= generateKeyPair('ES256')
    return this.#pair
  }
}

/** The left half of the token's SHA-256 (OpenID Connect Core section 3.1.3.6). */
export const accessTokenHash = async (token: string): Promise<string> => toBase64Url(fromBase64Url(await sha256(token)).slice(0, 16))
