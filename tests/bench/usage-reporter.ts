// Loaded into every server of the bench before its own code. It tells what the process has used, when it is asked.
process.on('message', (question: { readonly id: number; readonly word: string }) => {
  if (question.word !== 'usage') return
  const { user, system } = process.cpuUsage()
  process.send?.({ id: question.id, answer: { cpu: user + system, memory: process.memoryUsage.rss() } })
})
// Whoever measures must not keep a server alive that has ended its work.
process.channel?.unref()
// A bench that was killed leaves no server behind.
process.once('disconnect', () => process.exit(1))
