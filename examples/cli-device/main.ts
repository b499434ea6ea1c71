import { homedir } from 'node:os'
import { join } from 'node:path'
import { signInByDevice } from '@annex/connector/device'
import { fileKeeper } from './file-keeper.ts'

const [, , issuer = '', clientId = ''] = process.argv
const say = (text: string): boolean => process.stdout.write(`${text}\n`)

const access = await signInByDevice({
  issuer,
  clientId,
  scopes: ['openid', 'email'],
  keep: fileKeeper(join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state'), 'cli-device', 'token')),
  show: ({ userCode, verificationUri, completeUri }) => {
    say(`Open ${verificationUri} and enter ${userCode}`)
    if (completeUri !== undefined) say(`or open ${completeUri}`)
  },
})
say(`Hello, ${String(await access.client.call('frappe.auth.get_logged_user', {}, { httpMethod: 'GET' }))}`)
