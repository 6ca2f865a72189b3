/** ZeroMQ's DEALER, which introduces itself on each connection, also while nobody asks anything: its thread does that. */

import { Dealer } from "zeromq";
import { ZMQ_HELLO_MSG } from "./drafts.js";
import { type ClientKeys, curveOptions } from "./keys.js";
import { DEAD_MS, HEARTBEAT_MS } from "./timing.js";

export class ClientDealer extends Dealer {
  /** @param introduction - what the broker receives first on each connection. */
  constructor(url: string, keys: ClientKeys | undefined, introduction: Buffer) {
    super({
      linger: 0,
      // What is to be sent waits in ZeroMQ while there is no connection, and what was received stays when one ends.
      immediate: false,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      // So that a broker which never answers again does not keep this process alive.
      receiveTimeout: HEARTBEAT_MS,
      ipv6: url.includes("["),
      heartbeatInterval: HEARTBEAT_MS,
      heartbeatTimeout: DEAD_MS,
      reconnectInterval: 50,
      reconnectMaxInterval: 1_000,
      connectTimeout: DEAD_MS,
      handshakeInterval: DEAD_MS,
      ...curveOptions(keys),
    });
    this.setStringOption(ZMQ_HELLO_MSG, introduction);
  }

  /** The next packet; undefined if none has come for a second. */
  async next(): Promise<Buffer | undefined> {
    try {
      return ((await this.receive()) as [Buffer])[0];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
      throw error;
    }
  }
}
