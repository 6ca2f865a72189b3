/**
 * What producers and the line server tell each other. The producer greets once: its place in the crew (4 bytes, LE) and how many
 * of its lines are in the buffer (8 bytes, LE). Then it sends one byte to ask, and the server answers with a length (4 bytes, LE) and
 * so many bytes of whole lines, each with its line break; length 0 is the end of the input.
 */

export interface LineTaker {
  /** Its place in the crew, from 0. */
  readonly producer: number;
  /** How many of its lines are in the buffer. */
  readonly lastSequence: number;
}

export const ASK = "+";
export const GREETING_BYTES = 12;

export function greeting({ producer, lastSequence }: LineTaker): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes.writeUInt32LE(producer, 0);
  bytes.writeBigUInt64LE(BigInt(lastSequence), 4);
  return bytes;
}

export function readGreeting(bytes: Buffer): LineTaker {
  return { producer: bytes.readUInt32LE(0), lastSequence: Number(bytes.readBigUInt64LE(4)) };
}

/** Whole lines; none at the end of the input. */
export function answer(lines: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(lines.byteLength);
  return Buffer.concat([length, lines]);
}
