import { html, shownName } from '../html.ts'
import { layout, type Person } from '../layout.ts'
import { paths } from '../paths.ts'
import { texts } from '../texts.ts'

const t = texts.approval

export interface ApprovalView {
  readonly person: Person
  readonly appName: string
}

/** Told to whoever wants to use an app that a System Manager has not approved for them yet. */
export function approvalPage({ person, appName }: ApprovalView): string {
  const main = html`<section class="card">
    <p>${shownName(appName)} ${t.waits}</p>
    <p><a class="button" href="${paths.home}">${t.home}</a></p>
  </section>`
  return layout({ title: t.title, person, narrow: true, main })
}
