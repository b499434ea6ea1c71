const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = `127(?:\\.${BYTE}){3}`
/** Dual-stack sockets show an IPv4 address within an IPv6 one; a URL spells that in hexadecimal. */
const IPV6 = `::1|::ffff:(?:${IPV4}|7f[\\da-f]{2}:[\\da-f]{1,4})`
const LOOPBACK = new RegExp(`^(?:localhost|${IPV4}|${IPV6}|\\[(?:${IPV6})\\])$`, 'i')
/** What a resolver should, and need not, answer with loopback; and where a call ends that names no machine at all. */
const PERHAPS = /^(?:(?:[^.]+\.)*localhost\.?|0\.0\.0\.0|::|\[::\])$/i

/**
 * Whether a host is certainly the machine itself: what is sent there crosses no network.
 *
 * @param host - as `URL.hostname` or a socket spells it: `127.1` is an address only once a URL has read it
 * @see RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3, RFC 8252 section 7.3
 */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host)

/**
 * Whether a call to a host may end at the machine that makes it: for what must not be led there.
 *
 * @param host - as for `isLoopback`
 * @see RFC 6761 section 6.3
 */
export const mayBeLoopback = (host: string): boolean => isLoopback(host) || PERHAPS.test(host)
