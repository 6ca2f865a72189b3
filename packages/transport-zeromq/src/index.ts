/** What `@sluice/transport-zeromq` exports, and nothing else. */

export type { BrokerLimits } from "./broker.js";
export { transportAt, type ZeromqTransportOptions, zeromqTransport } from "./zeromq-transport.js";
