import type { Values } from '@annex/connector'

/** The demo's users. Their passwords are known to everyone who reads this, so the site takes them on loopback alone. */
export interface DemoUser {
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly password: string
  readonly roles: readonly string[]
  /** What this user is there to show, for the block that the demo prints. */
  readonly shows: string
}

export const demoRoles: readonly string[] = ['Sales User', 'Sales Manager']

export const demoUsers: readonly DemoUser[] = [
  {
    email: 'sara@example.com',
    firstName: 'Sara',
    lastName: 'Sales',
    password: 'sara-visits-42',
    roles: ['Sales User'],
    shows: 'a sales person with few rights',
  },
  {
    email: 'leo@example.com',
    firstName: 'Leo',
    lastName: 'Lead',
    password: 'leo-leads-42',
    roles: ['Sales User', 'Sales Manager'],
    shows: 'a sales lead',
  },
  { email: 'nora@example.com', firstName: 'Nora', lastName: 'None', password: 'nora-waits-42', roles: [], shows: 'someone with no rights' },
  {
    email: 'mia@example.com',
    firstName: 'Mia',
    lastName: 'Manager',
    password: 'mia-manages-42',
    roles: ['System Manager', 'Sales User', 'Sales Manager'],
    shows: 'a System Manager',
  },
]

/** The user as `/api/resource/User` takes it. */
export const userValues = (user: DemoUser): Values => ({
  email: user.email,
  first_name: user.firstName,
  last_name: user.lastName,
  send_welcome_email: 0,
  new_password: user.password,
  loopback_only: 1,
  roles: user.roles.map((role) => ({ role })),
})
