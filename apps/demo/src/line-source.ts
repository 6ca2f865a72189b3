/** A producer's end of the line server: fetches its share of the lines. */

import { connect } from "node:net";
import { ASK, greeting, type LineTaker } from "./line-wire.js";

const LINE_BREAK = 0x0a;

/** The lines that come to this producer, without their line breaks. Ends with the input, or when the signal is aborted. */
export async function* linesFrom(
  address: string,
  taker: LineTaker,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const socket = connect(address);
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    let unread: Buffer = Buffer.alloc(0);
    socket.write(greeting(taker));
    socket.write(ASK);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      unread = unread.byteLength === 0 ? chunk : Buffer.concat([unread, chunk]);
      if (unread.byteLength < 4) continue;
      const length = unread.readUInt32LE();
      if (length === 0) return;
      if (unread.byteLength < 4 + length) continue;
      yield* linesIn(unread.subarray(4, 4 + length));
      unread = unread.subarray(4 + length);
      socket.write(ASK);
    }
    throw new Error("the input ended early");
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}

function* linesIn(share: Uint8Array): Generator<Uint8Array, void> {
  let start = 0;
  for (let end = share.indexOf(LINE_BREAK); end >= 0; end = share.indexOf(LINE_BREAK, start)) {
    yield share.subarray(start, end);
    start = end + 1;
  }
}
