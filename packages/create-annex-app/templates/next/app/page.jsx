import { headers } from 'next/headers'
import { wrongs } from '../src/app.ts'
import { theApp } from '../src/the-app.ts'
import { CustomerField } from './customer-field.jsx'

export default async function Home({ searchParams }) {
  const { connector, notes } = await theApp()
  const session = await connector.session({ headers: await headers() })
  if (session === undefined)
    return (
      <p>
        <a href={connector.signInUrl()}>Sign in with your account at the site</a>
      </p>
    )
  const { wrong } = await searchParams
  return (
    <>
      <form className="who" method="post" action={connector.signOutUrl}>
        {session.user.name} <button>Sign out</button>
      </form>
      {Object.hasOwn(wrongs, wrong) ? <p role="alert">{wrongs[wrong]}</p> : null}
      <form method="post" action="/notes">
        <CustomerField />
        <label>
          Note <textarea name="text" required maxLength={1000} />
        </label>
        <button>Keep</button>
      </form>
      <ul>
        {notes.list(session).map(({ id, label, text }) => (
          <li key={id}>
            <b>{label}</b> {text}
          </li>
        ))}
      </ul>
    </>
  )
}
