import { expect, test } from 'vitest'
import type { RegistrationStore } from '../connector-store.ts'
import { registrationOf } from './samples.fixture.ts'

export function registrationContract(registrations: () => RegistrationStore): void {
  test('keeps one registration for each site and redirect URI', async () => {
    const registration = registrationOf()
    const other = registrationOf({ issuer: registration.issuer, redirectUri: 'https://app.example.com/other', secret: null })
    const got = await Promise.all(
      Array.from({ length: 8 }, (_, index) => registrations().insert({ ...registration, clientId: `shop ${index}` })),
    )
    expect(got.filter(Boolean)).toHaveLength(1)
    expect(await registrations().insert(other)).toBe(true)
    const stored = await registrations().read(registration.issuer, registration.redirectUri)
    expect(stored).toEqual({ ...registration, clientId: `shop ${got.indexOf(true)}` })
    expect(await registrations().read(other.issuer, other.redirectUri)).toEqual(other)
    const listed = (await registrations().list()).filter((row) => row.issuer === registration.issuer)
    expect(listed).toHaveLength(2)
    expect(listed).toEqual(expect.arrayContaining([stored, other]))
  })

  test('writes a secret anew where nobody else did', async () => {
    const registration = registrationOf()
    await registrations().insert(registration)
    expect(await registrations().compareAndSwap({ ...registration, secret: 'k2.sealed' }, 'k0.sealed')).toBe(false)
    expect(await registrations().compareAndSwap({ ...registration, secret: 'k2.sealed' }, null)).toBe(false)
    expect(await registrations().compareAndSwap({ ...registration, secret: 'k2.sealed' }, registration.secret)).toBe(true)
    expect(await registrations().read(registration.issuer, registration.redirectUri)).toEqual({ ...registration, secret: 'k2.sealed' })
    expect(await registrations().compareAndSwap(registrationOf(), 'k1.sealed')).toBe(false)
  })

  test('forgets a registration, so that there may be a new one', async () => {
    const registration = registrationOf()
    await registrations().insert(registration)
    await registrations().remove(registration.issuer, registration.redirectUri)
    expect(await registrations().read(registration.issuer, registration.redirectUri)).toBeUndefined()
    expect(await registrations().insert(registration)).toBe(true)
  })
}
