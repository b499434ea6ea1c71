import { invalid, isLoopback, readMailbox } from '@annex/protocol'
import { kindOf, wordsOf } from '../clients-store.ts'
import { redirectFault } from '../redirect-uris.ts'

type Fields = Readonly<Record<string, unknown>>

const MAX_ORIGINS = 50

/**
 * Judges every address of an app: where answers and events go, whose scripts may call, what people are shown.
 *
 * @throws {FrappeError} `ValidationError` that names the address and what is wrong with it
 */
export function checkAddresses(client: Fields, httpHosts: readonly string[], previous?: Fields): void {
  const kind = kindOf(client['kind'])
  for (const uri of [...wordsOf(client['redirect_uris']), ...wordsOf(client['default_redirect_uri'])])
    refuse('The redirect URI', uri, redirectFault(uri, { kind, httpHosts }))
  for (const uri of wordsOf(client['post_logout_redirect_uris']))
    refuse('The post-logout redirect URI', uri, redirectFault(uri, { kind, httpHosts }))
  for (const [field, label] of [
    ['backchannel_logout_uri', 'The back-channel logout URI'],
    ['event_uri', 'The event URI'],
  ] as const) {
    const uri = textOf(client[field])
    // A server calls it, so no private scheme whatever the app is.
    if (uri !== '') refuse(label, uri, redirectFault(uri, { kind: 'web', httpHosts }))
  }
  checkOrigins(wordsOf(client['allowed_origins']))
  checkLink('Home Page', textOf(client['client_uri']))
  checkLink('Logo', textOf(client['logo_uri']))
  // Only a new one: an earlier release took any, and nothing else is to wait for it.
  if (client['contact'] !== previous?.['contact'] && !isContact(textOf(client['contact'])))
    throw invalid('Contact must be one e-mail address, such as Ann <ann@example.com>, or a line of text without an @')
}

function refuse(label: string, uri: string, fault: string | undefined): void {
  if (fault !== undefined) throw invalid(`${label} ${uri.slice(0, 200)} ${fault}`)
}

function checkOrigins(origins: readonly string[]): void {
  if (origins.length > MAX_ORIGINS) throw invalid(`Allowed Origins: name at most ${MAX_ORIGINS}`)
  for (const origin of origins) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined
    if (url?.origin !== origin)
      throw invalid(`The origin ${origin.slice(0, 200)} must be written as a browser sends it: https://app.example.com, no path, no slash`)
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
      throw invalid(`The origin ${origin.slice(0, 200)} must be https; http is for 127.0.0.1, [::1] and localhost`)
  }
}

/** What a page shows as a link: a script must not hide behind it. */
function checkLink(label: string, uri: string): void {
  if (uri === '') return
  const protocol = URL.canParse(uri) ? new URL(uri).protocol : ''
  if (protocol !== 'https:' && protocol !== 'http:') throw invalid(`${label} must be a whole address that begins with https://`)
}

/** How somebody is reached: one mailbox, a page, or words; never a list of mailboxes, nor what a mail program would take for headers. */
export function isContact(text: string): boolean {
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return false
  return !text.includes('@') || /^https?:\/\/\S+$/.test(text) || readMailbox(text) !== undefined
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')
