/** The browser let no window open: it does so only for a click, or when the person allows it for the site. */
export class PopupBlocked extends Error {
  readonly code = 'popup_blocked'

  constructor() {
    super('The browser did not let the sign-in window open: click once more, or allow windows for this page')
    this.name = 'PopupBlocked'
  }
}

/** Which app a script calls. */
export interface ScriptCallerOptions {
  /** The origin of the app that is called, as `https://app.example.com`. */
  readonly app: string
  /** Where the app's connector has its paths; `/connect` when absent. */
  readonly basePath?: string
}

/** Calls of a page of the site to an app, in the person's name. */
export interface ScriptCaller {
  /**
   * One call. Without a token, or with one that is over, a window of the app opens and closes again, where the person
   * signs in if they have to: begin from a click.
   *
   * @param path of the app, as `/api/credit`; another origin is refused with a TypeError
   * @throws {PopupBlocked} when the browser lets no window open
   * @throws {Error} when the person closes the window before they are signed in
   */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

interface Held {
  readonly token: string
  /** By this page's own clock, in milliseconds. */
  readonly until: number
}

const MARGIN_MS = 10_000
const CLOSED_CHECK_MS = 500

/** For Client Scripts of an ERPNext, or any page of the site: one window for all callers, and the token in memory alone. */
export function scriptCaller({ app, basePath = '/connect' }: ScriptCallerOptions): ScriptCaller {
  const { origin } = new URL(app)
  let held: Held | undefined
  let asking: Promise<Held> | undefined
  const ask = (): Promise<Held> => (asking ??= askForToken(`${origin}${basePath}/script`, origin).finally(() => (asking = undefined)))
  const send = async (url: URL, init: RequestInit): Promise<Response> => {
    if (held === undefined || held.until <= performance.now()) held = await ask()
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${held.token}`)
    return fetch(url, { ...init, headers, credentials: 'omit' })
  }
  return {
    fetch: async (path, init = {}) => {
      const url = new URL(path, origin)
      if (url.origin !== origin) throw new TypeError(`${path} is not of the app at ${origin}, to which alone the token goes`)
      const answer = await send(url, init)
      if (answer.status !== 401) return answer
      held = undefined
      return send(url, init)
    },
  }
}

/** Believes the app's own window alone: its origin, and that it is the one which was opened here. */
async function askForToken(address: string, origin: string): Promise<Held> {
  const popup = open(address, '_blank', 'popup,width=480,height=640')
  if (popup === null) throw new PopupBlocked()
  const heard = new AbortController()
  let watch: ReturnType<typeof setInterval> | undefined
  try {
    return await new Promise((resolve, reject) => {
      const hear = ({ source, origin: from, data }: MessageEvent<unknown>): void => {
        const token = source === popup && from === origin ? tokenOf(data) : undefined
        if (token !== undefined) resolve(token)
      }
      addEventListener('message', hear, { signal: heard.signal })
      // What the window has said before it closed may still be on its way.
      let checksClosed = 0
      watch = setInterval(() => {
        if (popup.closed && ++checksClosed > 1)
          reject(new Error('The window was closed before the app could say who is calling: try again'))
      }, CLOSED_CHECK_MS)
    })
  } finally {
    heard.abort()
    clearInterval(watch)
  }
}

function tokenOf(message: unknown): Held | undefined {
  const { kind, token, lifeMs } = (message ?? {}) as Readonly<Record<string, unknown>>
  if (kind !== 'annex-script-token' || typeof token !== 'string' || typeof lifeMs !== 'number') return undefined
  return { token, until: performance.now() + lifeMs - MARGIN_MS }
}
