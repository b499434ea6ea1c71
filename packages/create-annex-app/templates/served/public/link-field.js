// Offers docnames of the site while somebody types. The connector answers /connect/links/<key>.
for (const input of document.querySelectorAll('input[data-link]')) {
  const list = document.getElementById(input.getAttribute('list'))
  const status = document.getElementById(`${list.id}-status`)
  let asking = new AbortController()
  let waiting
  input.addEventListener('input', () => {
    asking.abort()
    clearTimeout(waiting)
    waiting = setTimeout(() => void search((asking = new AbortController()).signal), 150)
  })

  async function search(signal) {
    try {
      const answer = await fetch(`/connect/links/${input.dataset.link}?q=${encodeURIComponent(input.value)}`, { signal })
      const { items = [], message = '', source, url } = await answer.json()
      list.replaceChildren(...items.map(({ value, label }) => new Option(label, value)))
      status.textContent = message || (source === 'kept' ? 'The site is away: these are the ones you have seen.' : '')
      if (url !== undefined) status.append(' ', linkTo(url, answer.status === 401 ? 'Sign in again' : 'Allow it at the site'))
    } catch (error) {
      if (error.name !== 'AbortError') status.textContent = 'The app does not answer.'
    }
  }
}

/** Access has ended, or a right was never given: the app says where that is mended, and the way leads back to this page. */
function linkTo(url, text) {
  const link = document.createElement('a')
  link.href = url
  link.textContent = text
  return link
}
