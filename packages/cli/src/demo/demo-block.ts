import { demoUsers } from './people.ts'

/** What a new user reads when both sites run. */
export function demoBlock(site: string, app: string): string {
  const users = demoUsers.map((user) => `  ${user.email.padEnd(20)} ${user.password.padEnd(16)} ${user.shows}`)
  return [
    '',
    `  Primary site   ${site}`,
    `  Field Sales    ${app}`,
    '',
    '  Sign in as (these passwords work on this machine alone):',
    ...users,
    '',
    '  What to try:',
    '  1. Open Field Sales and press "Sign in with the primary site"; sign in as sara@example.com.',
    '  2. Read what the app asks for, untick what you would rather not give, and allow it.',
    '  3. Type in the item field ("bolt", "GEA-"), pick an item and a customer, and save a visit report.',
    `  4. On ${site}/my-apps take the app’s access away; then click anything in Field Sales.`,
    `  5. As mia@example.com, see and change the apps of everyone: ${site}/connected-apps`,
    '',
    '  Ctrl-C stops both. The data stays in .annex; npm start -- --fresh begins anew.',
    '',
  ].join('\n')
}
