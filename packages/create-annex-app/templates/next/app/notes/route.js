import { failureOf } from '../../src/failure.ts'
import { theApp } from '../../src/the-app.ts'

/** The longest form that the app reads, in bytes. */
const FORM_BYTES = 10_000

export async function POST(request) {
  let app
  try {
    app = await theApp()
    return await insertNote(app, request)
  } catch (error) {
    const { status, headers, text } = (app?.failureOf ?? failureOf)(error)
    return new Response(text, { status, headers })
  }
}

async function insertNote(app, request) {
  const session = await app.connector.session(request)
  if (session === undefined || !app.connector.isOwnOrigin(request))
    return new Response('Sign in first, and write from a page of this app.', { status: 403 })
  const form = await readForm(request)
  if (form === undefined) return new Response('That is too long.', { status: 413 })
  const wrong = await app.insertNote(session, form.get('customer') ?? '', form.get('text') ?? '')
  return new Response(null, { status: 303, headers: { location: wrong === undefined ? '/' : `/?wrong=${wrong}` } })
}

/** Gives undefined for what is longer than any form of this app. */
async function readForm(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length
    if (bytes > FORM_BYTES) return undefined
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}
