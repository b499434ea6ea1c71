import { headers } from 'next/headers'
import { createElement } from 'react'
import { openConnector } from '../../connector.mjs'

export default async function Page() {
  // Asked for first: from here on Next knows that the page is not for everybody, and makes it at each request.
  const request = { headers: await headers() }
  const session = await openConnector().session(request)
  return createElement('p', null, session === undefined ? 'nobody' : `hello ${session.user.name}`)
}
