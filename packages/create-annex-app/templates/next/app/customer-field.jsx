'use client'

import { useState } from 'react'
import { LinkField, LinkProvider } from '@annex/connector/react'

/** A field that offers customers of the site while somebody types. */
export function CustomerField() {
  const [customer, setCustomer] = useState('')
  return (
    <LinkProvider>
      <LinkField field="Customer" label="Customer" required value={customer} onChange={setCustomer} />
      <input type="hidden" name="customer" value={customer} />
    </LinkProvider>
  )
}
