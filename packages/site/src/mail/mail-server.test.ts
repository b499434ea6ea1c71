import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Mailbox } from '../../../../tests/support/mailbox.ts'
import { MailServer } from './mail-server.ts'

describe('A letter', () => {
  const mailbox = new Mailbox()
  let url: string
  beforeAll(async () => {
    url = await mailbox.open()
  })
  afterAll(() => mailbox.close())

  it('goes to the one address that it names, from the name and address of the settings', async () => {
    const server = new MailServer({ url, from: '"The shop" <shop@example.com>' })
    await server.send({ to: 'ann@example.com', subject: 'Hello\r\nBcc: bob@example.com', text: 'You' }, 'id-1')
    const { text } = await mailbox.find('ann@example.com', 'You')
    expect(text).toMatch(/^From: The shop <shop@example\.com>\r?$/m)
    expect(text).toMatch(/^Message-ID: <id-1@example\.com>\r?$/m)
    expect(text).not.toMatch(/^Bcc:/im)
    expect(mailbox.mails.map(({ to }) => to)).toEqual(['ann@example.com'])
  })

  it.each(['a@x,b@x', 'a@x b@x', '<a@x>', 'a@x\r\nRCPT TO:<b@x>', 'a@x,', ''])('is not sent to %j', async (to) => {
    const before = mailbox.mails.length
    await expect(new MailServer({ url, from: 'shop@example.com' }).send({ to, subject: 'x', text: 'x' }, 'id-2')).rejects.toThrow(
      RangeError,
    )
    expect(mailbox.mails).toHaveLength(before)
  })
})
