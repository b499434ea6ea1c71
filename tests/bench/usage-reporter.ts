// Loaded into every server of the bench before its own code. It tells what the process has used, when it is asked.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system, memory: process.memoryUsage.rss() })
})
// Whoever measures must not keep a server alive that has ended its work.
process.channel?.unref()
// A bench that was killed leaves no server behind.
process.once('disconnect', () => process.exit(1))
