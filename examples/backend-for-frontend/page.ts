/** The page knows its own server alone. */
export const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Users</title></head>
<body><main><h1>Users</h1><p id="status" role="status"></p><ul id="users"></ul>
<form id="todo"><label>To do <input name="description" required></label><button>Add</button></form></main>
<script src="/page.js"></script></body></html>`

export const script = `const status = document.querySelector('#status')

async function ask(path, init) {
  const answer = await fetch(path, init)
  const body = await answer.json()
  if (answer.status === 401) location.assign(body.signIn)
  if (!answer.ok) throw new Error(body.message)
  return body
}
const act = (work) => work().catch((error) => { status.textContent = error.message })

document.querySelector('#todo').addEventListener('submit', (event) => {
  event.preventDefault()
  const description = new FormData(event.target).get('description')
  act(async () => {
    const { name } = await ask('/api/todos', { method: 'POST', body: JSON.stringify({ description }) })
    status.textContent = 'Added ' + name
  })
})
act(async () => {
  const { person, users } = await ask('/api/users')
  status.textContent = 'Hello, ' + person
  for (const name of users) document.querySelector('#users').append(Object.assign(document.createElement('li'), { textContent: name }))
})`
