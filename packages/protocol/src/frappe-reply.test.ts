import { describe, expect, it } from 'vitest'
import { FrappeError, notPermitted } from './errors.ts'
import { decodeError, decodeMessages, encodeError } from './frappe-reply.ts'

describe('an error on the wire', () => {
  it('comes out at the other end as the error that went in', () => {
    const sent = new FrappeError('TimestampMismatchError', 'Read it again: somebody changed it')
    const received = decodeError(sent.status, JSON.parse(JSON.stringify(encodeError(sent))))
    expect([received.excType, received.status, received.message]).toEqual([
      'TimestampMismatchError',
      417,
      'Read it again: somebody changed it',
    ])
  })

  it('has Frappe’s keys, and no traceback in exc', () => {
    const body = encodeError(notPermitted('No permission for Item'))
    expect(body.exception).toBe('frappe.exceptions.PermissionError: No permission for Item')
    expect(JSON.parse(body.exc ?? '')).toEqual(['frappe.exceptions.PermissionError: No permission for Item'])
    expect(body._error_message).toBe('No permission for Item')
    expect(decodeMessages(body._server_messages)).toEqual(['No permission for Item'])
  })

  it.each([['[['], [undefined], ['[1]'], ['["x"]']])('reads no message from %j and does not throw', (text) => {
    expect(decodeMessages(text)).toEqual([])
  })

  it('is an unavailable site when the body is not one of Frappe’s', () => {
    expect(decodeError(502, '<html>').excType).toBe('UpstreamUnavailableError')
  })
})
