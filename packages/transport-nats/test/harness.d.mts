import type { Harness } from "@sluice/transport-contract";

declare const harness: Harness;
export default harness;
export declare function stop(): Promise<void>;
