import { pino, type Logger } from 'pino'

/** The site's log: JSON lines on the standard error, so that what a person should read stands alone on the standard output. */
export function createLogger(level: string): Logger {
  const secrets = [
    'authorization',
    'cookie',
    'password',
    'secret',
    'token',
    'pwd',
    'new_password',
    'client_secret',
    'code',
    'refresh_token',
    'access_token',
  ]
  const paths = secrets.flatMap((name) => [name, `*.${name}`])
  return pino({ level, redact: { paths, censor: '[hidden]' } }, pino.destination({ dest: 2, sync: true }))
}
