/** A person of the fake site. */
export interface FakeUser {
  readonly name: string
  readonly fullName: string
  readonly email: string
  /** Null: the site has no id for sign-in for them, as Frappe has none for its Administrator. */
  readonly sub: string | null
  readonly roles: readonly string[]
  /** `key:secret`, as an Authorization header of the scheme `token` carries it. */
  readonly apiKey: string
}

const user = (short: string, fullName: string, roles: readonly string[], apiKey = `${short}-key:${short}-secret`): FakeUser => ({
  name: `${short}@example.com`,
  fullName,
  email: `${short}@example.com`,
  sub: `${short}-sub`,
  roles,
  apiKey,
})

/** Who is there unless a test says otherwise; the first signs in where no other is named. */
export const FAKE_USERS: readonly FakeUser[] = [
  user('sam', 'Sam Seller', ['System Manager'], 'fakekey:fakesecret'),
  user('lea', 'Lea Lead', ['System Manager']),
  { ...user('admin', 'Administrator', ['System Manager']), name: 'Administrator', sub: null },
]

/** What the site says of a person, in an id_token and in the profile, in Frappe's order. */
export function claimsOf(users: readonly FakeUser[], name: string): Record<string, unknown> {
  const found = users.find((one) => one.name === name)
  const [given, ...family] = (found?.fullName ?? name).split(' ')
  return {
    sub: found === undefined ? name : found.sub,
    name: found?.fullName ?? name,
    given_name: given,
    family_name: family.join(' ') || null,
    email: found?.email ?? name,
    picture: null,
    roles: [...(found?.roles ?? []), 'All', 'Guest'],
  }
}
