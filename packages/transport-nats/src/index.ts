/** The transport over NATS JetStream. Read `nats-transport.ts` first. */

export { type NatsTransportOptions, natsTransport, transportAt } from "./nats-transport.js";
export { type OwnServer, startOwnServer } from "./own-server.js";
