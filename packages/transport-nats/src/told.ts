/** What the server tells of a message that a stream took. */

import type { Msg } from "@nats-io/transport-node";

const NAME = "Nats-Sequence";
const MARK = Buffer.from(`\r\n${NAME}: `);
const RETURN = 0x0d;

/** A message of the stream. */
export interface Told {
  readonly subject: string;
  readonly data: Uint8Array;
}

/** What the client keeps to itself of a message: its headers and what is behind them, as they came, and how long they are. */
interface Inner {
  readonly _rdata?: Uint8Array;
  readonly _msg?: { readonly hdr?: number };
}

/**
 * The sequence that it has; not a number above 0 where it is not told. There are half a dozen headers, of which this is the one that
 * is asked for: taking them all apart costs more than all else that is done to hear a message.
 */
export function sequenceIn(message: Msg): number {
  const { _rdata: bytes, _msg: { hdr: length = 0 } = {} } = message as unknown as Inner;
  if (bytes === undefined || length <= 0) return Number(message.headers?.get(NAME));
  const headers = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  const at = headers.indexOf(MARK);
  if (at === -1) return Number.NaN;
  let sequence = 0;
  for (let i = at + MARK.length; i < length && headers[i] !== RETURN; i++)
    sequence = sequence * 10 + (headers[i] as number) - 0x30;
  return sequence;
}
