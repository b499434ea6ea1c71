import { readFileSync, writeFileSync } from 'node:fs'

/** Loaded before a program: when it ends, it writes the most resident memory it ever took, in bytes, into the file PEAK_MEMORY_FILE. */
const file = process.env['PEAK_MEMORY_FILE']
if (file !== undefined) process.once('exit', () => writeFileSync(file, String(peak())))

/** What `resourceUsage` says begins with the memory of the process that started this one, where Linux is asked. */
function peak(): number {
  const kilobytes = process.platform === 'linux' ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] : undefined
  return Number(kilobytes ?? process.resourceUsage().maxRSS) * 1024
}
