import { UpstreamClient, type ConnectorOptions, type Fetch } from '@annex/connector'
import { TestApp, type FakeChoice } from '@annex/connector/testing'
import type { Person, UpstreamUnderTest } from './upstream-under-test.ts'

interface AppOptions {
  /** Who sits at the browser. */
  readonly user?: Person
  readonly optional?: readonly string[]
  readonly fetch?: Fetch
  readonly more?: Partial<ConnectorOptions>
}

/** An app with one browser, which asks for `openid` and for what is optional: everything, unless said otherwise. */
export function appAt(upstream: UpstreamUnderTest, options: AppOptions = {}): TestApp {
  const { user = 'alice', optional = ['all'], fetch = upstream.fetch, more } = options
  const { client, url } = upstream
  const site = {
    issuer: url,
    client,
    clock: { now: Date.now },
    fetch,
    allow: (address: string, choice?: FakeChoice) => upstream.allow(address, { ...choice, user }),
  }
  return new TestApp(site, { client, scopes: { required: ['openid'], optional }, ...more })
}

/** The documents of an upstream, by a person's API key. */
export async function clientOf(upstream: UpstreamUnderTest, person: Person, api: 1 | 2 = 1): Promise<UpstreamClient> {
  return new UpstreamClient({ url: upstream.url, fetch: upstream.fetch, credentials: await upstream.credentials(person), api, retries: 0 })
}
