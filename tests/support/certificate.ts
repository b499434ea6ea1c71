import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

export interface Certificate {
  /** PEM, as `https.createServer` and `NODE_EXTRA_CA_CERTS` take it. */
  readonly cert: string
  readonly key: string
}

export interface CertificateOptions {
  readonly from?: Date
  readonly until?: Date
  /** The name that it is for; this machine's own (127.0.0.1, localhost) when absent. */
  readonly host?: string
}

const DAY = 86_400_000

/** A self-signed certificate, made now. @see RFC 5280 section 4.1 */
export function makeCertificate(options: CertificateOptions = {}): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = toBeSigned(publicKey, options)
  const signature = sign('sha256', body, privateKey)
  const whole = sequence(body, ECDSA_SHA256, bits(signature))
  return { cert: pem('CERTIFICATE', whole), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

function toBeSigned(
  publicKey: KeyObject,
  { from = new Date(Date.now() - DAY), until = new Date(Date.now() + DAY), host }: CertificateOptions,
): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  // A subject of its own: of two trusted authorities with one name, only one would be found.
  const name = sequence(
    tagged(
      0x31,
      sequence(oid('550403'), tagged(0x0c, Buffer.from(`Annex test ${createHash('sha256').update(spki).digest('hex').slice(0, 8)}`))),
    ),
  )
  const validity = sequence(time(from), time(until))
  const altNames =
    host === undefined
      ? sequence(tagged(0x87, Buffer.from([127, 0, 0, 1])), tagged(0x82, Buffer.from('localhost')))
      : sequence(tagged(0x82, Buffer.from(host)))
  const authority = extension('551d13', sequence(tagged(0x01, Buffer.from([0xff]))))
  const extensions = tagged(0xa3, sequence(authority, extension('551d11', altNames)))
  const serial = tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]))
  return sequence(tagged(0xa0, tagged(0x02, Buffer.from([2]))), serial, ECDSA_SHA256, name, validity, name, spki, extensions)
}

/** DER: tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const bits = (content: Buffer): Buffer => tagged(0x03, Buffer.concat([Buffer.from([0]), content]))
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), tagged(0x04, value))
const time = (at: Date): Buffer => tagged(0x18, Buffer.from(`${at.toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`))
const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'))
