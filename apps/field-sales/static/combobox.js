// Link fields: an ARIA 1.2 combobox with a listbox, over what the connector's /connect/links/… suggests. The value is always the docname.

const DEBOUNCE_MS = 200
const WAYS_ON = { 401: 'Sign in with the primary site', 403: 'Ask for it again' }

// "Saved" is said once: neither a reload nor the way back from a sign-in says it again.
if (location.search !== '') history.replaceState(null, '', location.pathname)

for (const input of document.querySelectorAll('input[role="combobox"]')) makeCombobox(input)

function makeCombobox(input) {
  const list = document.getElementById(input.getAttribute('aria-controls'))
  const status = document.getElementById(`${input.id}-status`)
  let active = -1
  let timer
  let asking

  const options = () => [...list.children]

  function close() {
    list.hidden = true
    active = -1
    input.setAttribute('aria-expanded', 'false')
    input.removeAttribute('aria-activedescendant')
  }

  function stop() {
    clearTimeout(timer)
    asking?.abort()
  }

  function say(text, link) {
    status.replaceChildren(text)
    if (!link) return
    const anchor = document.createElement('a')
    anchor.href = link.url
    anchor.textContent = link.text
    status.append(' ', anchor)
  }

  function activate(index) {
    const all = options()
    if (list.hidden || all.length === 0) return
    active = (index + all.length) % all.length
    all.forEach((option, place) => option.setAttribute('aria-selected', String(place === active)))
    input.setAttribute('aria-activedescendant', all[active].id)
    all[active].scrollIntoView({ block: 'nearest' })
  }

  function choose(option) {
    stop()
    input.value = option.dataset.value
    say(option.dataset.words)
    close()
  }

  function show({ items, source, staleSince }) {
    list.replaceChildren(...items.map((item, place) => optionOf(item, `${input.id}-option-${place}`)))
    const stale =
      source === 'kept'
        ? `Primary site unreachable: showing what was seen last${staleSince ? ` (${new Date(staleSince).toLocaleString()})` : ''}. `
        : ''
    say(stale + (items.length === 0 ? 'Nothing found.' : `${items.length} shown. Use the arrow keys to choose.`))
    close()
    if (items.length === 0) return
    list.hidden = false
    input.setAttribute('aria-expanded', 'true')
  }

  async function ask() {
    asking?.abort()
    const own = (asking = new AbortController())
    try {
      const response = await fetch(`${input.dataset.source}?q=${encodeURIComponent(input.value)}`, {
        signal: own.signal,
        headers: { accept: 'application/json' },
      })
      const answer = await response.json()
      if (own.signal.aborted) return
      if (response.ok) return show(answer)
      close()
      say(wordsOf(response.status, answer.message), answer.url && { url: answer.url, text: WAYS_ON[response.status] })
    } catch {
      if (own.signal.aborted) return
      close()
      say('Field Sales itself is unreachable: check your connection.')
    }
  }

  function askSoon() {
    stop()
    timer = setTimeout(() => void ask(), DEBOUNCE_MS)
  }

  const keys = {
    ArrowDown: () => (list.hidden ? ask().then(() => activate(0)) : activate(active + 1)),
    ArrowUp: () => (list.hidden ? ask().then(() => activate(-1)) : activate(active < 0 ? -1 : active - 1)),
    Enter: () => choose(options()[active]),
    Escape: () => (list.hidden ? ((input.value = ''), say('')) : (stop(), close())),
  }

  input.addEventListener('input', askSoon)
  input.addEventListener('keydown', (event) => {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey || !Object.hasOwn(keys, event.key)) return
    if (event.key === 'Enter' && (list.hidden || active < 0)) return
    event.preventDefault()
    keys[event.key]()
  })
  input.addEventListener('click', () => list.hidden && ask())
  input.addEventListener('blur', () => {
    stop()
    close()
  })
  // The field keeps the focus while an option is pressed, or its blur would take the list away first.
  list.addEventListener('mousedown', (event) => event.preventDefault())
  list.addEventListener('click', (event) => {
    const option = event.target.closest('[role="option"]')
    if (option) choose(option)
  })
}

// What stands in the way, in the words of this app.
function wordsOf(status, message) {
  if (status === 401 && /access/i.test(message)) return 'Access has ended.'
  if (status === 503) return 'The primary site is unreachable.'
  return message.replace(/^The site/, 'The primary site')
}

function optionOf({ value, label, description }, id) {
  const option = document.createElement('li')
  const words = [...new Set([label, description])].filter((part) => part && part !== value).join(', ')
  option.id = id
  option.setAttribute('role', 'option')
  option.setAttribute('aria-selected', 'false')
  option.dataset.value = value
  option.dataset.words = words
  option.append(value)
  if (words) {
    const small = document.createElement('small')
    small.textContent = words
    option.append(small)
  }
  return option
}
