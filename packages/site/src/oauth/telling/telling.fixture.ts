import type { Engine } from '@annex/database'
import type { Values } from '@annex/protocol'
import { ADMINISTRATOR } from '../../policy/principal.ts'
import { Outgoing } from '../../outgoing/outgoing.ts'
import { DeliveryWorker, type DeliveryParts } from '../../webhooks/delivery-worker.ts'
import { Receiver } from '../../webhooks/receiver.fixture.ts'
import { REDIRECT } from '../testing/app.fixture.ts'
import { openProvider, type Provider } from '../testing/provider.fixture.ts'

export interface ToldApp {
  readonly id: string
  readonly secret: string
  /** What its events are signed with. */
  readonly eventSecret: string
}

/** How the worker is set. */
type Settings = Pick<DeliveryParts, 'pollEvery'>

/** A provider that tells apps what happens, and an app that hears it. */
export class TellingProvider {
  readonly provider: Provider
  readonly app: Receiver
  readonly #worker: DeliveryWorker

  private constructor(provider: Provider, app: Receiver, settings: Settings) {
    this.provider = provider
    this.app = app
    this.#worker = new DeliveryWorker({
      database: provider.database,
      outbox: provider.telling.outbox,
      outgoing: new Outgoing({ allowPrivate: ['127.0.0.0/8'] }),
      couriers: provider.oauth.couriers,
      now: provider.now,
      ...settings,
      onFault: (error) => void provider.faults.push(error),
    })
    this.#worker.start()
  }

  static async open(engine: Engine, settings: Settings = {}): Promise<TellingProvider> {
    return new TellingProvider(await openProvider(engine), await new Receiver().open(), settings)
  }

  /** Registers the app, as a System Manager does. */
  async register(values: Values): Promise<ToldApp> {
    const [document] = await this.provider.documents.insert(ADMINISTRATOR, 'OAuth Client', [
      { app_name: 'Field Sales', scopes: 'openid all Item:read', redirect_uris: REDIRECT, default_redirect_uri: REDIRECT, ...values },
    ])
    return {
      id: String(document?.name),
      secret: document?.['client_secret'] as string,
      eventSecret: document?.['event_secret'] as string,
    }
  }

  async close(): Promise<void> {
    await this.#worker.stop()
    await this.provider.close()
    await this.app.close()
  }
}
