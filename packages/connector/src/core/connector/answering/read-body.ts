/** The most that a body may hold, in bytes. */
export const LARGEST_BODY = 1_048_576

/** The bytes of a body as they came; undefined, and the rest left unread, when there are too many. */
export async function readBody(
  headers: Pick<Headers, 'get'>,
  body: ReadableStream<Uint8Array> | null,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (Number(headers.get('content-length')) > LARGEST_BODY) return undefined
  if (body === null) return new Uint8Array(0)
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length
    if (length > LARGEST_BODY) {
      // Not cancelled: on a socket that would end the answer with it.
      reader.releaseLock()
      return undefined
    }
    chunks.push(next.value)
  }
  return joined(chunks, length)
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
