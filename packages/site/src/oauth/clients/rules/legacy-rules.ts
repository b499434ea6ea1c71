import { invalid } from '@annex/protocol'
import { keepsSecret } from '../client.ts'
import { kindOf } from '../clients-store.ts'

type Fields = Readonly<Record<string, unknown>>

/** The fields that loosen a rule for a program that cannot be changed, with what they are called. */
const LEGACY_FIELDS: Readonly<Record<string, string>> = {
  openid_acts_as_all: 'OpenID Acts As All',
  refresh_without_secret: 'Refresh Without Secret',
  token_document: 'Token Document',
  short_verifier: 'Short Verifier',
  hs256_id_token: 'HS256 ID Token',
}

/**
 * What loosens a rule is for apps that a System Manager registered and that keep a secret on their server.
 *
 * @throws {FrappeError} `ValidationError` that names the field
 */
export function checkRelaxations(client: Fields): void {
  const registeredItself = isOn(client['dynamically_registered'])
  const secret = keepsSecret(kindOf(client['kind']))
  for (const [field, label] of Object.entries({ ...LEGACY_FIELDS, unfenced: 'Unfenced' })) {
    if (!isOn(client[field])) continue
    if (registeredItself) throw invalid(`${label}: an app that registered itself gets no such exception; register it by hand for that`)
    if (!secret) throw invalid(`${label}: only an app that keeps a secret on its server may be unfenced or have a legacy exception`)
  }
  if (registeredItself && (isOn(client['skip_authorization']) || isOn(client['trusted'])))
    throw invalid('Skip Authorization: an app that registered itself always asks its users')
}

const isOn = (value: unknown): boolean => Number(value ?? 0) === 1
