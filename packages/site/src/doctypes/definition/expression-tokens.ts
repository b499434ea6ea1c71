/** A piece of an expression. */
export interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'sign'
  readonly text: string
  /** Of a number or a text. */
  readonly value?: string | number
}

const PIECES = [
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /\d+(?:\.\d+)?/y],
  ['text', /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y],
  ['sign', /===|!==|==|!=|<=|>=|&&|\|\||[<>!()[\],.;-]/y],
] as const

/** @throws {SyntaxError} at a character that begins no piece */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text.charAt(at))) {
      at += 1
      continue
    }
    const token = tokenAt(text, at)
    tokens.push(token)
    at += token.text.length
  }
  return tokens
}

function tokenAt(text: string, at: number): Token {
  for (const [kind, pattern] of PIECES) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) return toToken(kind, found)
  }
  throw new SyntaxError(`"${text.slice(at, at + 20)}" is not understood`)
}

function toToken(kind: Token['kind'], text: string): Token {
  if (kind === 'number') return { kind, text, value: Number(text) }
  return kind === 'text' ? { kind, text, value: unquoted(text) } : { kind, text }
}

const unquoted = (text: string): string =>
  text.slice(1, -1).replaceAll(/\\(.)/gs, (_, character: string) => (character === 'n' ? '\n' : character))
