import { createPublicClient } from '@annex/connector/browser'

const { issuer = '', clientId = '' } = document.documentElement.dataset
const client = createPublicClient({ issuer, clientId, redirectUri: `${location.origin}/`, scopes: ['openid', 'User:read'] })

const element = (id: string): HTMLElement => document.querySelector<HTMLElement>(`#${id}`)!
const [signIn, load, signOut] = [element('sign-in'), element('load'), element('sign-out')]

function show(text: string): void {
  element('status').textContent = text
  signIn.hidden = client.signedIn
  load.hidden = signOut.hidden = !client.signedIn
}

/** What went wrong is said in the page, in the error's own sentence. */
function on(button: HTMLElement, act: () => Promise<void>): void {
  button.addEventListener('click', () => {
    act().catch((error: unknown) => show(error instanceof Error ? error.message : String(error)))
  })
}

on(signIn, () => client.signIn({ returnTo: '/' }))
on(load, async () => {
  const users = await client.client.list('User', { fields: ['name', 'full_name'], orderBy: 'name asc' })
  const items = users.map(({ full_name: name }) => Object.assign(document.createElement('li'), { textContent: String(name) }))
  element('users').replaceChildren(...items)
  show(`${users.length} users`)
})
on(signOut, async () => {
  await client.signOut()
  element('users').replaceChildren()
  show('You are signed out.')
})

try {
  if (await client.finish()) show('You are signed in.')
} catch (error) {
  show(error instanceof Error ? error.message : String(error))
}
