import { tokensOf, type Token } from './expression-tokens.ts'

/** What an expression speaks of: the document or row, and of a row its document. */
export interface Facts {
  readonly doc: Readonly<Record<string, unknown>>
  readonly parent?: Readonly<Record<string, unknown>>
}

/** A rule of a field, read once and asked often; it reads its facts and does nothing else. */
export type Rule = (facts: Facts) => boolean

type Evaluate = (facts: Facts) => unknown

const LONGEST = 1000
const DEEPEST = 40
const FIELDNAME = /^[a-z_][a-z0-9_]*$/i

/**
 * Reads the rule of `mandatory_depends_on` or `read_only_depends_on`: the name of a field, which holds when the field has
 * a value, or `eval:` before an expression over `doc` (and `parent`, of a row) made of comparisons, `&&`, `||`, `!`,
 * parentheses, texts, numbers, lists with `.includes(…)`, `in_list(list, value)`, `cint(…)`, `flt(…)` and `.length`.
 *
 * No JavaScript runs: what is not in that list cannot be said.
 *
 * @throws {SyntaxError} which says what was not understood
 */
export function parseRule(text: string): Rule {
  if (text.length > LONGEST) throw new SyntaxError(`an expression has at most ${LONGEST} characters`)
  if (!text.startsWith('eval:')) {
    if (FIELDNAME.test(text)) return ({ doc }) => hasValue(doc[text])
    throw new SyntaxError('write the name of a field, or eval: before an expression')
  }
  const evaluate = new Reader(tokensOf(text.slice('eval:'.length))).read()
  return (facts) => Boolean(evaluate(facts))
}

const hasValue = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value))

/** One rule of the grammar a method, the loosest first. */
class Reader {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  read(): Evaluate {
    const evaluate = this.#either()
    const rest = this.#tokens[this.#at]
    if (rest && !(rest.text === ';' && this.#at === this.#tokens.length - 1)) throw unexpected(rest)
    return evaluate
  }

  #either(): Evaluate {
    if (++this.#depth > DEEPEST) throw new SyntaxError('the expression is nested too deeply')
    let left = this.#both()
    while (this.#take('||')) {
      const [first, second] = [left, this.#both()]
      left = (facts) => first(facts) || second(facts)
    }
    this.#depth -= 1
    return left
  }

  #both(): Evaluate {
    let left = this.#compared()
    while (this.#take('&&')) {
      const [first, second] = [left, this.#compared()]
      left = (facts) => first(facts) && second(facts)
    }
    return left
  }

  #compared(): Evaluate {
    const left = this.#negated()
    const operator = Object.keys(COMPARISONS).find((sign) => this.#take(sign))
    if (operator === undefined) return left
    const [compare, right] = [COMPARISONS[operator]!, this.#negated()]
    return (facts) => compare(left(facts), right(facts))
  }

  #negated(): Evaluate {
    let count = 0
    while (this.#take('!')) count += 1
    const inner = this.#reached()
    if (count === 0) return inner
    return (facts) => (count % 2 === 1 ? !inner(facts) : Boolean(inner(facts)))
  }

  /** A value and what is reached from it: `doc.items.length`, `["a", "b"].includes(doc.kind)`. */
  #reached(): Evaluate {
    let value = this.#value()
    while (this.#take('.')) {
      const [holder, name] = [value, this.#word()]
      if (name === 'length') value = (facts) => lengthOf(holder(facts))
      else if (name === 'includes') value = this.#includes(holder)
      else throw new SyntaxError(`.${name} is not known; of a value only .length and .includes(…) are`)
    }
    return value
  }

  #includes(list: Evaluate): Evaluate {
    const [sought] = this.#arguments(1)
    return (facts) => includes(list(facts), sought!(facts))
  }

  #value(): Evaluate {
    const token = this.#next()
    if (token.kind === 'text' || token.kind === 'number') return () => token.value
    if (token.kind === 'word') return this.#named(token)
    if (token.text === '(') return this.#closed(')', this.#either())
    if (token.text === '[') return this.#list()
    const number = token.text === '-' ? this.#next() : undefined
    if (number?.kind !== 'number') throw unexpected(token)
    return () => -Number(number.value)
  }

  #list(): Evaluate {
    const items: Evaluate[] = []
    while (!this.#take(']')) {
      items.push(this.#either())
      if (!this.#take(',') && this.#tokens[this.#at]?.text !== ']') throw unexpected(this.#tokens[this.#at])
    }
    return (facts) => items.map((item) => item(facts))
  }

  #named(token: Token): Evaluate {
    const { text } = token
    if (text in LITERALS) return () => LITERALS[text]
    if (text === 'doc') return this.#field((facts) => facts.doc)
    if (text === 'parent') return this.#field((facts) => facts.parent)
    if (text === 'in_list') {
      const [list, sought] = this.#arguments(2)
      return (facts) => includes(list!(facts), sought!(facts))
    }
    if (text !== 'cint' && text !== 'flt') throw unexpected(token)
    const [number] = this.#arguments(1)
    return (facts) => (text === 'cint' ? Math.trunc(numberOf(number!(facts))) : numberOf(number!(facts)))
  }

  #field(of: (facts: Facts) => Readonly<Record<string, unknown>> | undefined): Evaluate {
    if (!this.#take('.')) throw unexpected(this.#tokens[this.#at])
    const name = this.#word()
    return (facts) => {
      const holder = of(facts)
      return holder && Object.hasOwn(holder, name) ? holder[name] : undefined
    }
  }

  #arguments(count: number): Evaluate[] {
    if (!this.#take('(')) throw unexpected(this.#tokens[this.#at])
    const given = Array.from({ length: count }, (_, index) => {
      if (index > 0 && !this.#take(',')) throw unexpected(this.#tokens[this.#at])
      return this.#either()
    })
    if (!this.#take(')')) throw unexpected(this.#tokens[this.#at])
    return given
  }

  #closed(sign: string, inner: Evaluate): Evaluate {
    if (this.#take(sign)) return inner
    throw unexpected(this.#tokens[this.#at])
  }

  #word(): string {
    const token = this.#next()
    if (token.kind === 'word') return token.text
    throw unexpected(token)
  }

  #take(sign: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.#at += 1
    return true
  }

  #next(): Token {
    const token = this.#tokens[this.#at++]
    if (!token) throw unexpected(token)
    return token
  }
}

const unexpected = (token: Token | undefined): SyntaxError =>
  new SyntaxError(token ? `"${token.text.slice(0, 40)}" is not understood there` : 'the expression ends too soon')

const LITERALS: Readonly<Record<string, unknown>> = Object.assign(Object.create(null) as Record<string, unknown>, {
  true: true,
  false: false,
  null: null,
  undefined: null,
})

const COMPARISONS: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  '===': (left, right) => (left ?? null) === (right ?? null),
  '!==': (left, right) => (left ?? null) !== (right ?? null),
  '==': (left, right) => isEqual(left, right),
  '!=': (left, right) => !isEqual(left, right),
  '<=': (left, right) => order(left, right, (sign) => sign <= 0),
  '>=': (left, right) => order(left, right, (sign) => sign >= 0),
  '<': (left, right) => order(left, right, (sign) => sign < 0),
  '>': (left, right) => order(left, right, (sign) => sign > 0),
}

/** As `==` of JavaScript is for texts, numbers, flags and nothing. */
function isEqual(left: unknown, right: unknown): boolean {
  const [a, b] = [left ?? null, right ?? null]
  if (a === null || b === null || typeof a === typeof b) return a === b
  return isPlain(a) && isPlain(b) && Number(a) === Number(b)
}

const isPlain = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value)

/** Two texts by their characters, everything else as numbers; what is no number is neither more nor less. */
function order(left: unknown, right: unknown, holds: (sign: number) => boolean): boolean {
  if (typeof left === 'string' && typeof right === 'string') return holds(left < right ? -1 : left > right ? 1 : 0)
  const difference = Number(isPlain(left ?? 0) ? left : Number.NaN) - Number(isPlain(right ?? 0) ? right : Number.NaN)
  return !Number.isNaN(difference) && holds(difference)
}

const lengthOf = (value: unknown): number => (typeof value === 'string' || Array.isArray(value) ? value.length : 0)

function includes(list: unknown, sought: unknown): boolean {
  if (Array.isArray(list)) return list.some((item) => (item ?? null) === (sought ?? null))
  return typeof list === 'string' && typeof sought === 'string' && list.includes(sought)
}

function numberOf(value: unknown): number {
  const number = isPlain(value) ? Number(value) : 0
  return Number.isFinite(number) ? number : 0
}
