import '../public/style.css'

export const metadata = { title: '{{name}}' }

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <main>
          <h1>{{ name }}</h1>
          {children}
        </main>
      </body>
    </html>
  )
}
