/* global frappe */
const app = 'https://credit.example.com'
let caller

frappe.ui.form.on('Customer', {
  refresh(form) {
    form.add_custom_button('Credit rating', async () => {
      try {
        caller ??= import(`${app}/script-caller.js`).then(({ scriptCaller }) => scriptCaller({ app }))
        const answer = await (await caller).fetch(`/api/credit?customer=${encodeURIComponent(form.doc.name)}`)
        const { rating, asked_by: person } = await answer.json()
        frappe.msgprint(`${form.doc.name}: ${rating}, asked by ${person}`)
      } catch (error) {
        frappe.msgprint(error.message)
      }
    })
  },
})
