import { OAuthError, isRecord } from '@annex/protocol'
import type { Exchange } from '../../http/exchange.ts'
import { parseBasic } from '../clients/authentication/basic-credentials.ts'

export type Naming = Pick<Exchange<unknown>, 'headers' | 'form' | 'json'>

/** The client that a request names, in its body or by Basic; undefined for none, and for more than one. Nothing is proven by it. */
export function namedClient({ headers, form, json }: Naming): string | undefined {
  const inBody = isRecord(json) ? [json['client_id']] : (form?.getAll('client_id') ?? [])
  const named = new Set([...inBody, basicId(headers['authorization'])].filter((id) => typeof id === 'string' && id !== ''))
  const [id, ...others] = named
  return others.length === 0 && typeof id === 'string' ? id : undefined
}

function basicId(authorization: string | string[] | undefined): string | undefined {
  try {
    return parseBasic(authorization)?.id
  } catch (error) {
    // What cannot be read names nobody; the endpoint says what is wrong with it.
    if (error instanceof OAuthError) return undefined
    throw error
  }
}
