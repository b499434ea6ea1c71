import { openConnector } from '../connector.mjs'

export async function GET(request) {
  const session = await openConnector().session(request)
  return new Response(session === undefined ? 'nobody' : `hello ${session.user.name}`)
}
