import { hiddenFields, html, plain, type Html } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { texts } from '../texts.ts'
import { appTexts } from './app-texts.ts'

/** A message to the app, and how far it came. Times are shown as they are. */
export interface DeliveryView {
  readonly id: string
  readonly kind: 'event' | 'logout'
  readonly state: 'waiting' | 'done' | 'dead'
  readonly created: string
  readonly attempts: number
  /** Of a waiting one that was tried before. */
  readonly next?: string | undefined
  /** When it arrived or was given up. */
  readonly finished?: string | undefined
  readonly lastError?: string | undefined
  readonly reason?: string | undefined
  readonly grant?: string | undefined
}

interface ToldSecret {
  readonly id: string
  readonly created: string
  readonly expires?: string | undefined
}

export interface ToldView {
  readonly person: Person
  readonly name: string
  /** The page of its settings. */
  readonly href: string
  readonly eventUri?: string | undefined
  readonly logoutUri?: string | undefined
  readonly secrets: readonly ToldSecret[]
  /** Where a new event secret is made, with `csrf_token` alone; absent where there can be none. */
  readonly rotateAction?: string | undefined
  /** Posted with `secret` and `csrf_token`, while there is another. */
  readonly endSecretAction: string
  readonly deliveries: readonly DeliveryView[]
  /** Posted with `delivery` and `csrf_token`. */
  readonly retryAction: string
  readonly forgetAction: string
}

const t = appTexts.told

/** Where one app listens, what it has yet to hear, what was given up and what arrived. */
export function toldPage(view: ToldView): string {
  const main = html`<p><a href="${view.href}">${appTexts.site.settings}</a></p>
    <section class="card">
      <h2>${t.addresses}</h2>
      <dl>
        <dt>${t.event}</dt>
        <dd>${plain(view.eventUri ?? t.nowhere)}</dd>
        <dt>${t.logout}</dt>
        <dd>${plain(view.logoutUri ?? t.nowhere)}</dd>
      </dl>
    </section>
    ${secretsCard(view)}
    <p class="soft">${t.newest}</p>
    ${(['waiting', 'dead', 'done'] as const).map((state) => group(state, view))}`
  return layout({ title: `${view.name}: ${t.title}`, person: view.person, main })
}

const secretsCard = (view: ToldView): Html => {
  const { secrets, rotateAction, person } = view
  return html`<section class="card">
    <h2>${t.secrets}</h2>
    <p class="hint">${t.secretsHint}</p>
    ${secrets.length === 0 && html`<p>${t.noSecret}</p>`} ${secrets.map((secret) => secretPart(secret, view))}
    ${
      rotateAction !== undefined &&
      html`<p class="hint">${t.rotateHint}</p>
        <form method="post" action="${rotateAction}">${hiddenFields({ csrf_token: person.csrf })}<button>${t.rotate}</button></form>`
    }
  </section>`
}

function secretPart({ id, created, expires }: ToldSecret, { secrets, endSecretAction, person }: ToldView): Html {
  const { secretCreated, secretExpires } = texts.connectedApps
  return html`${facts([[secretCreated, created], expires !== undefined && [secretExpires, expires]])}
  ${
    secrets.length > 1 &&
    html`<form method="post" action="${endSecretAction}">
      ${hiddenFields({ secret: id, csrf_token: person.csrf })}<button class="bad">
        ${appTexts.secret.end}<span class="unseen"> (${secretCreated} ${created})</span>
      </button>
    </form>`
  }`
}

type Fact = readonly [name: string, value: string | number]

const facts = (rows: readonly (Fact | false)[]): Html =>
  html`<dl>
    ${rows.map(
      (row) =>
        row &&
        html`<dt>${row[0]}</dt>
          <dd>${plain(String(row[1]))}</dd>`,
    )}
  </dl>`

function group(state: DeliveryView['state'], view: ToldView): Html {
  const deliveries = view.deliveries.filter((delivery) => delivery.state === state)
  return html`<h2>${t.states[state]} (${deliveries.length})</h2>
    ${deliveries.length === 0 ? html`<p>${t.none}</p>` : html`<p class="soft">${t.hints[state]}</p>`}
    ${deliveries.map((delivery) => deliveryCard(delivery, view))}`
}

const deliveryCard = (delivery: DeliveryView, { retryAction, forgetAction, person }: ToldView): Html =>
  html`<section class="card">
    <h3>${delivery.created}: ${t.kinds[delivery.kind]}</h3>
    ${facts([
      delivery.reason !== undefined && [t.reason, delivery.reason],
      delivery.grant !== undefined && [t.grant, delivery.grant],
      [t.attempts, delivery.attempts],
      delivery.next !== undefined && [t.next, delivery.next],
      delivery.state !== 'waiting' && delivery.finished !== undefined && [t.ended[delivery.state], delivery.finished],
      delivery.lastError !== undefined && [t.error, delivery.lastError],
    ])}
    ${button(retryAction, t.retry[delivery.state], delivery, person)}
    ${button(forgetAction, t.forget[delivery.state], delivery, person, 'bad')}
  </section>`

const button = (action: string, words: string, { id, created }: DeliveryView, person: Person, look?: 'bad'): Html =>
  html`<form method="post" action="${action}">
    ${hiddenFields({ delivery: id, csrf_token: person.csrf })}<button ${look && html`class="${look}"`}>
      ${words}<span class="unseen"> (${created})</span>
    </button>
  </form>`
