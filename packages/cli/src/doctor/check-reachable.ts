import { bad, good, type Finding } from './finding.ts'

const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired; renew it',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; check the clocks of both machines',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; use one from an authority, or trust it with NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'a certificate in its chain is self-signed; trust that authority with NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the site does not send its intermediate certificate; configure the full chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the authority of its certificate is not known here; configure the full chain, or trust it with NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name; use the name that stands in the certificate',
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start the site, or check the port',
  ENOTFOUND: 'there is no such host; check the spelling of the name',
  EAI_AGAIN: 'the name could not be looked up; check the network',
  ETIMEDOUT: 'it did not answer; check the address and the firewall',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer; check the address and the firewall',
  UND_ERR_SOCKET: 'it hung up; if the site speaks https, say https in the URL',
  ECONNRESET: 'it hung up; if the site speaks https, say https in the URL',
  EPROTO: 'it does not speak https there; say http in the URL, or check the port',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak https there; say http in the URL, or check the port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak https there; say http in the URL, or check the port',
}

const LARGEST_SKEW_SECONDS = 60

/** Whether the site answers, with a good certificate and the right time. */
export async function checkReachable(base: URL): Promise<Finding[]> {
  try {
    const sent = Date.now()
    const response = await fetch(new URL('/api/method/ping', base), { redirect: 'manual', signal: AbortSignal.timeout(10_000) })
    const certificate = base.protocol === 'https:' ? [good('certificate', 'it is valid')] : []
    return [good('site', `${base.origin} answers`), ...certificate, checkClock(response.headers.get('date'), sent, Date.now())]
  } catch (error) {
    return [unreachable(error)]
  }
}

/** Why a request got no answer. */
export function unreachable(error: unknown): Finding {
  const code = codeOf(error)
  if (code !== undefined && code in CERTIFICATE) return bad('certificate', CERTIFICATE[code]!)
  if (error instanceof Error && error.name === 'TimeoutError')
    return bad('site', 'it did not answer within 10 seconds; check the address and the firewall')
  return bad('site', NETWORK[code ?? ''] ?? `it cannot be reached (${code ?? reasonOf(error)}); check the URL`)
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'no reason given'

function codeOf(error: unknown): string | undefined {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return String(cause.code)
}

function checkClock(date: string | null, sent: number, received: number): Finding {
  if (date === null || Number.isNaN(Date.parse(date))) return bad('clock', 'the site does not say its time; check the proxy in front of it')
  const seconds = Math.round((Date.parse(date) - (sent + received) / 2) / 1000)
  if (Math.abs(seconds) <= LARGEST_SKEW_SECONDS) return good('clock', 'both machines agree about the time')
  return bad(
    'clock',
    `the site is ${Math.abs(seconds)} seconds ${seconds > 0 ? 'ahead' : 'behind'}; set both clocks by NTP, or sign-ins and tokens will be refused`,
  )
}
