import { hiddenFields, html, type Html } from '../html.ts'
import type { Person } from '../layout.ts'
import { appTexts } from './app-texts.ts'

export type AppState = 'Active' | 'Pending' | 'Suspended' | 'Retired'

const t = appTexts.state

/** In which state an app is, and the button that leads to the next; its end has a card of its own. */
export const stateCard = (state: AppState, action: string, person: Person): Html =>
  html`<section class="card">
    <h2>${t.title}</h2>
    <p>${t.states[state]}</p>
    ${state === 'Pending' && button('Active', t.approve, action, person)}
    ${state === 'Suspended' && button('Active', t.resume, action, person)}
    ${state === 'Active' && [html`<p class="hint">${t.suspendHint}</p>`, button('Suspended', t.suspend, action, person)]}
  </section>`

const button = (state: AppState, words: string, action: string, person: Person): Html =>
  html`<form method="post" action="${action}">${hiddenFields({ state, csrf_token: person.csrf })}<button>${words}</button></form>`
