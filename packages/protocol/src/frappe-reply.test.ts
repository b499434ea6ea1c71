import { describe, expect, it } from 'vitest'
import { FrappeError, notPermitted } from './errors.ts'
import { decodeError, decodeMessages, encodeError, encodeReply, encodeV2Error } from './frappe-reply.ts'

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

describe('the second version of the API', () => {
  it('tells one error with its sentence, and further sentences beside it', () => {
    const error = {
      type: 'MandatoryError',
      exception: 'frappe.exceptions.MandatoryError: [Item, x]: title',
      title: 'Message',
      indicator: 'red',
    }
    expect(encodeV2Error(new FrappeError('MandatoryError', '[Item, x]: title'))).toEqual({
      errors: [{ ...error, message: '[Item, x]: title' }],
    })
    const told = new FrappeError('MandatoryError', '[Item, x]: title', {
      messages: ['Title is needed', 'So is Size'],
      body: { session_expired: 1 },
    })
    expect(encodeV2Error(told)).toEqual({
      session_expired: 1,
      errors: [{ ...error, message: 'Title is needed' }],
      messages: [{ message: 'So is Size', title: 'Message' }],
    })
  })
})

describe('a success', () => {
  it('has its value under the key of its version, and no key without a value', () => {
    expect(encodeReply({ value: 0 }, 'message', 1)).toEqual({ message: 0 })
    expect(encodeReply({ value: null }, 'message', 1)).toEqual({})
    expect(encodeReply({ value: 'x', body: { docs: [], data: 'hidden' } }, 'data', 2)).toEqual({ docs: [], data: 'x' })
  })

  it('tells sentences for the person as each version does', () => {
    expect(decodeMessages(encodeReply({ messages: ['Done'] }, 'message', 1)['_server_messages'])).toEqual(['Done'])
    expect(encodeReply({ messages: ['Done'] }, 'data', 2)).toEqual({ messages: [{ message: 'Done', title: 'Message' }] })
  })
})
