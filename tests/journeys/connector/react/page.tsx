import { StrictMode, useState, type ReactElement } from 'react'
import { createRoot } from 'react-dom/client'
import { LinkField, LinkProvider, useLink, type LinkItem } from '@annex/connector/react'

/** A visit report: an item, whose suggestions depend on the customer. */
function Visit({ dir }: { readonly dir?: 'rtl' }): ReactElement {
  const [customer, setCustomer] = useState('')
  const [item, setItem] = useState('')
  const [chosen, setChosen] = useState<LinkItem>()
  const [isShown, show] = useState(true)
  const parameters = new URLSearchParams(location.search)
  const wrong = parameters.get('error')
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      {isShown && (
        <LinkField
          field="Visit.item"
          label="Item"
          description="What the visit was about"
          required
          {...(wrong && { error: wrong })}
          {...(dir && { dir })}
          value={item}
          form={{ item, customer }}
          onChange={(value, found) => {
            setItem(value)
            setChosen(found)
          }}
        />
      )}
      <LinkField field="Visit.customer" label="Customer" value={customer} onChange={setCustomer} {...(dir && { dir })} />
      <button type="button" onClick={() => setItem('NUT-0002')}>
        Set the item
      </button>
      <button type="button" onClick={() => show(false)}>
        Take the field away
      </button>
      <button type="submit">Save</button>
      <output>{chosen ? `chosen ${JSON.stringify(chosen)}` : `text ${item}`}</output>
    </form>
  )
}

/** A link field of the app's own making. */
function OwnMarkup(): ReactElement {
  const [value, setValue] = useState('')
  const link = useLink({ field: 'Customer', value, onChange: setValue, debounceMs: 0 })
  return (
    <section>
      <label htmlFor={link.inputProps.id}>Kunde</label>
      <input {...link.inputProps} className="own" />
      <div {...link.listProps} aria-label="Kunde">
        {link.items.map((item, index) => (
          <div key={item.value} {...link.optionProps(index)}>
            {index === link.active ? '→ ' : ''}
            {item.label}
          </div>
        ))}
      </div>
      {link.more && (
        <button type="button" onMouseDown={(event) => event.preventDefault()} onClick={link.showMore}>
          Weitere
        </button>
      )}
      <p role="status">{link.status}</p>
      {link.problem?.url && <a href={link.problem.url}>{link.problem.action}</a>}
      <output>{JSON.stringify({ value, open: link.open, active: link.active, stale: link.stale })}</output>
    </section>
  )
}

const marked: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers)
  headers.set('x-app', 'visits')
  return fetch(input, { ...init, headers })
}

const german = { none: 'Nichts gefunden.', shown: (count: number) => `${count} Vorschläge.`, signIn: 'Anmelden', more: 'Weitere' }

const pages: Readonly<Record<string, ReactElement>> = {
  '/': <Visit />,
  '/rtl': <Visit dir="rtl" />,
  '/strict': (
    <StrictMode>
      <Visit />
    </StrictMode>
  ),
  '/own': (
    <LinkProvider base="/connect/" fetch={marked} texts={german}>
      <OwnMarkup />
    </LinkProvider>
  ),
}

createRoot(document.getElementById('root')!).render(
  <>
    <h1>Visits</h1>
    {pages[location.pathname]}
  </>,
)
