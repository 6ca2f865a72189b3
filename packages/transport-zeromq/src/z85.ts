/** Z85, in which ZeroMQ writes keys (rfc.zeromq.org, 32): five characters for four bytes. */

const CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/** @param bytes - a multiple of four of them. */
export function encodeZ85(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += 4) {
    const value = bytes.readUInt32BE(at);
    for (let place = 85 ** 4; place >= 1; place /= 85) text += CHARACTERS[Math.floor(value / place) % 85];
  }
  return text;
}
