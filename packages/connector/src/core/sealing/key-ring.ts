import { fromBase64Url, randomToken, toBase64Url } from './base64.ts'
import type { Sealer } from './sealer.ts'

const IV_BYTES = 12
const KEY_BYTES = 32

/** Not every runtime's types have the name. */
type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** The keys of an app's vault, from its configuration. `ring` holds 32 bytes a key, as base64url; `current` seals, all others only open. */
export interface Keys {
  readonly current: string
  readonly ring: Readonly<Record<string, string>>
}

/** A new ring of one key, to be kept in the app's configuration beside its client secret. */
export function createKeys(): Keys {
  return rotateKeys({ current: '', ring: {} })
}

/** The ring with one key more, which seals from now on; the others still open. `resealStore` moves what is stored to it. */
export function rotateKeys({ ring }: Keys): Keys {
  const stem = `k${Date.now().toString(36)}`
  const id = Object.hasOwn(ring, stem) ? `${stem}-${randomToken().slice(0, 6)}` : stem
  return { current: id, ring: { ...ring, [id]: randomToken() } }
}

/** The id of the key that a value was sealed with. */
export const keyOf = (sealed: string): string => sealed.split('.', 1)[0]!

/** Seals values with AES-256-GCM, so that what is stored opens nothing without the configuration. */
export class KeyRing implements Sealer {
  readonly #current: string
  readonly #keys: ReadonlyMap<string, Promise<CryptoKey>>

  /** @throws {Error} when a key is not 32 bytes, or the current one is not in the ring */
  constructor(keys: Keys) {
    const ids = Object.keys(keys.ring)
    if (!ids.includes(keys.current)) throw new Error(`keys: the current key ${keys.current} is not in the ring`)
    this.#current = keys.current
    this.#keys = new Map(ids.map((id) => [id, importKey(id, keys.ring[id]!)]))
  }

  async seal(text: string, place: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
    const key = await this.#keys.get(this.#current)!
    const sealed = await crypto.subtle.encrypt(parameters(iv, this.#current, place), key, new TextEncoder().encode(text))
    return [this.#current, toBase64Url(iv), toBase64Url(new Uint8Array(sealed))].join('.')
  }

  async open(sealed: string, place: string): Promise<string | undefined> {
    const [id = '', iv = '', text = ''] = sealed.split('.')
    try {
      const key = await this.#keys.get(id)
      if (key === undefined) return undefined
      return new TextDecoder().decode(await crypto.subtle.decrypt(parameters(fromBase64Url(iv), id, place), key, fromBase64Url(text)))
    } catch {
      return undefined
    }
  }

  isCurrent(sealed: string): boolean {
    return keyOf(sealed) === this.#current
  }
}

const parameters = (iv: Uint8Array<ArrayBuffer>, id: string, place: string) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(`${id}|${place}`),
})

function importKey(id: string, text: string): Promise<CryptoKey> {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(id)) throw new Error('keys: the id of a key is letters, digits, - and _ (at most 32)')
  const bytes = readKey(text)
  if (bytes?.length !== KEY_BYTES) throw new Error(`keys: key ${id} must be ${KEY_BYTES} random bytes as base64url`)
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

function readKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64Url(text)
  } catch {
    return undefined
  }
}
