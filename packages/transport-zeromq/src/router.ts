/** ZeroMQ's ROUTER, which also greets each connection, and tells when one ends. */

import { Router } from "zeromq";
import { ZMQ_DISCONNECT_MSG, ZMQ_HELLO_MSG } from "./drafts.js";
import { type Gatekeeper, ZAP_DOMAIN } from "./gatekeeper.js";

// From zmq.h.
const ZMQ_ZAP_ENFORCE_DOMAIN = 93;

/** What the router receives from a client whose connection has ended, after all that the client sent. */
export const DISCONNECTED: Buffer = Buffer.from([0]);

export class BrokerRouter extends Router {
  /**
   * @param greeting - what a client receives first on each of its connections.
   * @param gatekeeper - says who may connect; without one whoever can.
   */
  constructor(
    options: ConstructorParameters<typeof Router>[0],
    greeting: Buffer,
    gatekeeper: Gatekeeper | undefined,
  ) {
    super(options);
    if (gatekeeper !== undefined) {
      this.curveServer = true;
      this.curveSecretKey = gatekeeper.keys.secretKey;
      this.zapDomain = ZAP_DOMAIN;
      // Else ZeroMQ lets everybody in while there is no handler.
      this.setInt32Option(ZMQ_ZAP_ENFORCE_DOMAIN, 1);
    }
    this.setStringOption(ZMQ_HELLO_MSG, greeting);
    this.setStringOption(ZMQ_DISCONNECT_MSG, DISCONNECTED);
  }
}
