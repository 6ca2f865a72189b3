/** Bytes of ZMTP 3, and connections that speak it by hand. */

import { connect, type Socket } from "node:net";

/** What a ZMTP 3 peer without keys says first, and then, to be taken for a DEALER. */
export const GREETING: Buffer = Buffer.alloc(64);
GREETING[0] = 0xff;
GREETING[9] = 0x7f;
GREETING[10] = 3;
GREETING.write("NULL", 12);

const READY_BODY = Buffer.concat([
  Buffer.from("\u0005READY\u000bSocket-Type", "latin1"),
  Buffer.from([0, 0, 0, 6]),
  Buffer.from("DEALER\u0008Identity", "latin1"),
  Buffer.from([0, 0, 0, 0]),
]);
export const READY: Buffer = Buffer.concat([Buffer.from([4, READY_BODY.byteLength]), READY_BODY]);

/** What keeps a connection from being taken for dead. */
export const PONG: Buffer = Buffer.from("\u0004\u0005\u0004PONG", "latin1");

/** One message of one frame. */
export function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head[0] = 2;
  head.writeBigUInt64BE(BigInt(body.byteLength), 1);
  return Buffer.concat([head, body]);
}

/** A connection that may do what it likes; its errors are nobody's. */
export async function rawConnection(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.setNoDelay();
  return socket;
}

/** Says who it is, and waits until the other side has done so too: it does not bear a message any sooner. */
export async function greet(socket: Socket): Promise<void> {
  socket.write(Buffer.concat([GREETING, READY]));
  let heard = 0;
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.on("data", function hear(bytes) {
      heard += bytes.byteLength;
      if (heard <= GREETING.byteLength) return;
      socket.off("data", hear);
      resolve();
    });
  });
}
