import { defineCommand } from 'citty'
import { examine } from '../doctor/examine.ts'
import { print } from '../print.ts'

const MARKS = { good: '✓', bad: '✗', unknown: '?' } as const

/** `annex doctor URL`: exits with 1 when something is wrong. */
export const doctor = defineCommand({
  meta: { name: 'doctor', description: 'Say what is wrong with a site, or with one app’s settings for it' },
  args: {
    url: { type: 'positional', required: true, description: 'The site’s URL, such as https://erp.example.com' },
    'client-id': { type: 'string', description: 'The app’s client ID' },
    'redirect-uri': { type: 'string', description: 'The redirect URI that the app sends' },
    secret: { type: 'string', description: 'The app’s client secret; better given as ANNEX_CLIENT_SECRET' },
    scope: { type: 'string', description: 'The scopes that the app asks for, apart by spaces' },
  },
  async run({ args }) {
    const secret = args.secret ?? process.env['ANNEX_CLIENT_SECRET']
    const clientId = args['client-id']
    const redirectUri = args['redirect-uri']
    const client =
      clientId === undefined
        ? {}
        : { client: { clientId, ...(redirectUri === undefined ? {} : { redirectUri }), ...(secret === undefined ? {} : { secret }) } }
    const findings = await examine({ url: args.url, ...client, ...(args.scope === undefined ? {} : { scope: args.scope }) })
    for (const { verdict, subject, words } of findings) print(`${MARKS[verdict]} ${subject}: ${words}`)
    if (findings.some((finding) => finding.verdict === 'bad')) process.exitCode = 1
  },
})
