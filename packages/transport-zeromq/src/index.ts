/** What `@sluice/transport-zeromq` exports, and nothing else. */

export type { BrokerFigures, BrokerLimits } from "./broker.js";
export { brokerFigures } from "./broker-figures.js";
export { transportAt, type ZeromqTransportOptions, zeromqTransport } from "./zeromq-transport.js";
