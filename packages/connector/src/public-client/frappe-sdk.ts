import { SignInRequired } from '../core/errors.ts'
import type { TokenOptions } from '../core/upstream/credentials.ts'

/** Whoever hands out a person's tokens, renewed as needed: a `Connection`, a `PublicClient`. */
export interface TokenSource {
  token(options?: TokenOptions): Promise<string>
}

/**
 * Gives frappe-js-sdk a token that renews: every request of the app to its site carries one that is good, and a request
 * that meets 401 is sent once more with the next. What needs a sign-in comes as the SDK's error, with `url` to send the browser to.
 *
 * @param app - a `FrappeApp` of the same site; what it has made and will make (`db()`, `call()`, `file()`) shares its axios
 * @returns what undoes it: from then on the app sends what it was made with
 */
export function attachToFrappeSdk(app: { readonly axios: object }, connection: TokenSource): () => void {
  const axios = app.axios as AxiosLike
  const { interceptors } = axios
  const requests = interceptors.request.use(async (config) => {
    if (!isOwn(axios, config)) return config
    const token = await connection.token().catch(explain)
    // The SDK writes a header of its own after this; a transform comes after all.
    const authorize: Transform = (body, headers) => {
      headers.set('Authorization', `Bearer ${token}`)
      return body
    }
    return { ...config, transformRequest: [config.transformRequest ?? []].flat().concat(authorize) }
  })
  const answers = interceptors.response.use(undefined, async (error) => {
    const { response, config } = error as Failure
    if (response?.status !== 401 || config === undefined || config.isReplay === true || !isOwn(axios, config)) throw error
    const rejected = bearerOf(config)
    if (rejected === undefined || (await connection.token({ rejected }).catch(explain)) === rejected) throw error
    return axios.request({ ...config, isReplay: true })
  })
  return () => {
    interceptors.request.eject(requests)
    interceptors.response.eject(answers)
  }
}

/** As much of axios as is used. */
interface AxiosLike {
  readonly interceptors: {
    readonly request: Interceptors<Config>
    readonly response: Interceptors<unknown>
  }
  request(config: Config): Promise<unknown>
  /** Where a request would go: base and address joined as axios does it. */
  getUri(config: Config): string
}

interface Interceptors<T> {
  use(fulfilled: ((value: T) => T | Promise<T>) | undefined, rejected?: (error: unknown) => unknown): number
  eject(id: number): void
}

type Transform = (body: unknown, headers: Headers) => unknown
interface Config {
  readonly url?: string
  readonly baseURL?: string
  readonly headers: Headers
  readonly transformRequest?: Transform | Transform[]
  readonly isReplay?: boolean
}
interface Failure {
  readonly response?: { readonly status: number }
  readonly config?: Config
}

/** Stands for the page's own origin, which is not known here. */
const PAGE = 'http://own.invalid'

/**
 * An address of elsewhere gets no token, however it is written: a browser takes `\\` for `/` and drops tabs and line breaks.
 * Two harmless halves may make one, as `/` and `\\elsewhere` do, so that the joined address is judged.
 */
function isOwn(axios: AxiosLike, config: Config): boolean {
  const { url = '', baseURL = '' } = config
  const isWhole = URL.canParse(baseURL)
  // `http:elsewhere` is a path beside a page of http, and another host beside one of https.
  if (!isWhole && URL.canParse(url)) return false
  const address = axios.getUri({ ...config, url, baseURL })
  if (isWhole) return isAt(new URL(baseURL).origin, address)
  return !URL.canParse(address) && isAt(PAGE, address, PAGE)
}

const isAt = (origin: string, url: string, base?: string): boolean => URL.canParse(url, base) && new URL(url, base).origin === origin

const bearerOf = ({ headers }: Config): string | undefined => /^Bearer (.+)$/.exec(String(headers.get('Authorization')))?.[1]

/** The SDK shows of an error what its `response` holds. */
function explain(error: unknown): never {
  if (!(error instanceof SignInRequired)) throw error
  const { message, code, url } = error
  throw Object.assign(error, { response: { status: 401, statusText: '', data: { exc_type: 'AuthenticationError', message, code, url } } })
}
