import { FrappeError } from '@annex/protocol'

/** The same error, with the incident by which whoever was refused may ask why. */
export function withIncident({ excType, message, status, options }: FrappeError, incident: string): FrappeError {
  const headers = { ...options.headers, [INCIDENT_HEADER]: incident }
  return new FrappeError(excType, message, { ...options, status, headers, body: { ...options.body, incident } })
}

/** Names the incident also where the body is not ours to add to. */
export const INCIDENT_HEADER = 'x-annex-incident'
