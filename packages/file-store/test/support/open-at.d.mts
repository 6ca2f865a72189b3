import type { BufferAddress, BufferPort } from "@sluice/core";
import type { BrokerPort } from "../../dist/index.js";

/** Opens the store whose path, and perhaps whose id, the address names. */
export function openAt(address: BufferAddress): Promise<BufferPort>;
/** The same, by the broker's handle. */
export function openForBrokerAt(address: BufferAddress): Promise<BrokerPort>;
