import { html } from './html.ts'
import { layout, signInLink } from './layout.ts'

/** For a browser in which nobody is signed in. */
export const welcomePage = (model: { readonly signInUrl: string; readonly signOutUrl: string }): string =>
  layout({
    title: 'Welcome',
    signOutUrl: model.signOutUrl,
    body: html`<section class="card welcome">
      <h1>Visit reports from the road</h1>
      <p>Write down whom you visited and what they asked for. Items and customers come from the primary site as you type.</p>
      <p>${signInLink(model.signInUrl)}</p>
      <p class="hint">You use your account of the primary site. Field Sales never sees your password, and you choose what it may read.</p>
    </section>`,
  })

/** For what could not be done: one sentence, and the way on. */
export const problemPage = (model: {
  readonly title: string
  readonly message: string
  readonly again?: string
  readonly signOutUrl: string
}): string =>
  layout({
    title: model.title,
    signOutUrl: model.signOutUrl,
    body: html`<section class="card welcome">
      <h1>${model.title}</h1>
      <p role="alert">${model.message}</p>
      <p>${model.again === undefined ? html`<a class="button" href="/">Back to the visit reports</a>` : signInLink(model.again)}</p>
    </section>`,
  })
