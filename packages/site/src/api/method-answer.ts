import { encodeReply } from '@annex/protocol'
import { MethodReply } from '../backend/method.ts'
import type { Answer } from '../http/exchange.ts'

/**
 * What a method returned, as the answer to its caller.
 *
 * @param key - under which its value stands: `message` in version 1, `data` of a document's method and in version 2
 */
export function methodAnswer(result: unknown, key: 'message' | 'data', api: 1 | 2): Answer {
  if (!(result instanceof MethodReply)) return { json: encodeReply({ value: result }, key, api) }
  const { message, body = {}, messages = [], file } = result.parts
  return file ? { file } : { json: encodeReply({ value: message, body, messages }, key, api) }
}
