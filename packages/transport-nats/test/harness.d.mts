import type { Harness } from "@sluice/transport-contract";
import type { NatsTransportOptions } from "../dist/index.js";

export interface Servers {
  readonly urls: readonly string[];
  /** Ends what holds the buffers, without warning, and starts it again. */
  restart(): Promise<void>;
}

export declare function harnessOn(
  servers: () => Promise<Servers>,
  options?: Pick<NatsTransportOptions, "replicas">,
): Harness;

declare const harness: Harness;
export default harness;
export declare function stop(): Promise<void>;
