/** What `@sluice/transport-zeromq` exports, and nothing else. */

export { brokerFigures } from "./broker-figures.js";
export type { BrokerFigures, BrokerLimits } from "./broker-options.js";
export { transportAt, type ZeromqTransportOptions, zeromqTransport } from "./zeromq-transport.js";
