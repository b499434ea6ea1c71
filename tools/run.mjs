import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Runs a program in the foreground, hands signals on to it, and resolves to its exit code
 * (128 and the signal's number when a signal ended it, as shells count).
 */
export function run(program, args, options = {}) {
  const child = spawn(program, args, { stdio: 'inherit', ...options })
  const forward = Object.fromEntries(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => [signal, () => hand(child, signal)]))
  for (const [signal, listener] of Object.entries(forward)) process.on(signal, listener)
  const watch = watchShell(() => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  }).finally(() => {
    clearInterval(watch)
    for (const [signal, listener] of Object.entries(forward)) process.off(signal, listener)
  })
}

// npm hands a SIGTERM to the shell it started us with, and that dies of it without a word: we see that it is gone.
function watchShell(stop) {
  if (!process.env.npm_lifecycle_event) return undefined
  const shell = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(watch)
    stop()
  }, 200)
  return watch
}

// A terminal sends Ctrl-C to the whole group, so the child has it already; a second one would mean "at once".
function hand(child, signal) {
  if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
}
