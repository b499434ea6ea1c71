import { failureOf } from '../../src/failure.ts'
import { FORM_BYTES, isForm, refusalOf } from '../../src/forms.ts'
import { theApp } from '../../src/the-app.ts'

export async function POST(request) {
  try {
    return await insertNote(await theApp(), request)
  } catch (error) {
    const { status, headers, text } = failureOf(error)
    return new Response(text, { status, headers })
  }
}

async function insertNote(app, request) {
  const session = await app.connector.session(request)
  if (session === undefined || !app.connector.isOwnOrigin(request))
    return new Response('Sign in first, and write from a page of this app.', { status: 403 })
  const form = isForm(request.headers.get('content-type')) ? await readForm(request) : 415
  if (typeof form === 'number') return new Response(refusalOf(form), { status: form })
  const wrong = await app.insertNote(session, form.get('customer') ?? '', form.get('text') ?? '')
  return new Response(null, { status: 303, headers: { location: wrong === undefined ? '/' : `/?wrong=${wrong}` } })
}

/** Gives 413 for what is longer than any form of this app. */
async function readForm(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length
    if (bytes > FORM_BYTES) return 413
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString())
}
