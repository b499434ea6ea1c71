import { signInByBrowser, type PublicAccess, type TokenKeeper } from '@annex/connector/device'

/** What is used of the phone: the same members as Expo's modules have. */
export interface Phone {
  /** expo-web-browser */
  readonly openAuthSessionAsync: (url: string, redirectUri: string) => Promise<{ readonly type: string; readonly url?: string }>
  /** expo-crypto */
  readonly getRandomBytes: (count: number) => Uint8Array
  /** SHA-256 by expo-crypto */
  readonly sha256: (bytes: Uint8Array) => Promise<ArrayBuffer>
  /** expo-secure-store */
  readonly store: {
    readonly getItemAsync: (key: string) => Promise<string | null>
    readonly setItemAsync: (key: string, value: string) => Promise<void>
    readonly deleteItemAsync: (key: string) => Promise<void>
  }
}

const REDIRECT_URI = 'com.example.shop:/callback'
const KEY = 'annex-token'

/** Undefined when the person closed the browser. */
export async function signIn(phone: Phone, issuer: string, clientId: string): Promise<PublicAccess | undefined> {
  let closed = false
  const open = async (url: string): Promise<string> => {
    const came = await phone.openAuthSessionAsync(url, REDIRECT_URI)
    closed = came.url === undefined
    return came.url ?? `${REDIRECT_URI}?error=access_denied`
  }
  const crypto = { randomBytes: phone.getRandomBytes, sha256: async (bytes: Uint8Array) => new Uint8Array(await phone.sha256(bytes)) }
  try {
    return await signInByBrowser({
      issuer,
      clientId,
      redirectUri: REDIRECT_URI,
      scopes: ['openid', 'email'],
      open,
      crypto,
      keep: keeper(phone),
    })
  } catch (error) {
    if (closed) return undefined
    throw error
  }
}

const keeper = ({ store }: Phone): TokenKeeper => ({
  read: async () => (await store.getItemAsync(KEY)) ?? undefined,
  write: (text) => store.setItemAsync(KEY, text),
  clear: () => store.deleteItemAsync(KEY),
})
