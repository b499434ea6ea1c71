import { OAuthError } from '@annex/protocol'

export interface BasicCredentials {
  readonly id: string
  readonly secret: string
}

/**
 * Reads `Authorization: Basic`; undefined when the header is another scheme's or absent.
 *
 * @throws {OAuthError} `invalid_request` when it cannot be read
 * @see RFC 6749 section 2.3.1 (both parts are form-encoded before they are joined)
 */
export function parseBasic(header: string | string[] | undefined): BasicCredentials | undefined {
  if (Array.isArray(header)) throw unreadable('send one Authorization header')
  const found = /^basic(?:\s+(.*))?$/i.exec(header ?? '')
  if (!found) return undefined
  const text = decodeBase64(found[1] ?? '')
  const colon = text.indexOf(':')
  if (colon < 0) throw unreadable('there is no colon between client_id and client_secret')
  return { id: decodePart(text.slice(0, colon)), secret: decodePart(text.slice(colon + 1)) }
}

function decodeBase64(encoded: string): string {
  const bytes = Buffer.from(encoded, 'base64')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded) || bytes.toString('base64').replace(/=+$/, '') !== encoded.replace(/=+$/, ''))
    throw unreadable('it is not base64')
  return decodeUtf8(bytes)
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unreadable('it is not UTF-8')
  }
}

function decodePart(part: string): string {
  try {
    const text = decodeURIComponent(part.replaceAll('+', ' '))
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    if (!/[\u0000-\u001f\u007f]/.test(text)) return text
  } catch {
    // Told below, together with control characters.
  }
  throw unreadable('client_id and client_secret must be form-encoded')
}

const unreadable = (reason: string): OAuthError => new OAuthError('invalid_request', `The Authorization header cannot be read: ${reason}`)
