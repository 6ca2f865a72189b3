/** A bounded buffer on NATS JetStream. */

export { type NatsTransportOptions, natsTransport, transportAt } from "./nats-transport.js";
