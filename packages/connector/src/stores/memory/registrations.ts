import type { RegistrationStore, StoredRegistration } from '../connector-store.ts'

export class MemoryRegistrations implements RegistrationStore {
  readonly #registrations = new Map<string, StoredRegistration>()

  async read(issuer: string, redirectUri: string): Promise<StoredRegistration | undefined> {
    return this.#registrations.get(keyOf({ issuer, redirectUri }))
  }

  async insert(registration: StoredRegistration): Promise<boolean> {
    if (this.#registrations.has(keyOf(registration))) return false
    this.#registrations.set(keyOf(registration), registration)
    return true
  }

  async compareAndSwap(next: StoredRegistration, from: string | null): Promise<boolean> {
    const now = this.#registrations.get(keyOf(next))
    if (now === undefined || now.secret !== from) return false
    this.#registrations.set(keyOf(next), { ...now, secret: next.secret })
    return true
  }

  async remove(issuer: string, redirectUri: string): Promise<void> {
    this.#registrations.delete(keyOf({ issuer, redirectUri }))
  }

  async list(): Promise<StoredRegistration[]> {
    return [...this.#registrations.values()]
  }
}

const keyOf = ({ issuer, redirectUri }: Pick<StoredRegistration, 'issuer' | 'redirectUri'>): string => JSON.stringify([issuer, redirectUri])
