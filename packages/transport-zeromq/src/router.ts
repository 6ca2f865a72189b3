/** ZeroMQ's ROUTER, which also greets each connection, and tells when one ends. */

import { Router } from "zeromq";

// From zmq_draft.h of libzmq 4.3: drafts, which the prebuilt zeromq of Linux has.
const ZMQ_HELLO_MSG = 110;
const ZMQ_DISCONNECT_MSG = 111;

/** What the router receives from a client whose connection has ended, after all that the client sent. */
export const DISCONNECTED: Buffer = Buffer.from([0]);

export class BrokerRouter extends Router {
  /** @param greeting - what a client receives first on each of its connections. */
  constructor(options: ConstructorParameters<typeof Router>[0], greeting: Buffer) {
    super(options);
    this.setStringOption(ZMQ_HELLO_MSG, greeting);
    this.setStringOption(ZMQ_DISCONNECT_MSG, DISCONNECTED);
  }
}
