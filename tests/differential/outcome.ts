/**
 * What a token endpoint answered, as one line: the status, the error or the members of the tokens, the kind of body, whether
 * it may be kept, and the challenge and the methods that it names.
 */
export async function outcomeOf(response: Response): Promise<string> {
  const { status, headers } = response
  const body = parse(await response.text())
  const type = headers.get('content-type')?.split(';')[0]
  const parts = [
    String(status),
    status < 400 ? Object.keys(body).toSorted().join('+') : errorOf(body),
    type === 'application/json' ? '' : (type ?? 'no body'),
    headers.get('cache-control')?.includes('no-store') === true ? '' : 'may be kept',
    labelled('challenge', headers.get('www-authenticate')?.split(' ')[0]),
    labelled('allow', headers.get('allow')),
  ]
  return parts.filter((part) => part !== '').join(', ')
}

const errorOf = ({ error }: Readonly<Record<string, unknown>>): string => (typeof error === 'string' ? error : 'no error')

const labelled = (label: string, value: string | null | undefined): string => (value ? `${label} ${value}` : '')

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}
