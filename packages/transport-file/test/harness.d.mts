import type { Harness } from "@sluice/transport-contract";

declare const harness: Harness;
export default harness;
export declare const flock: Harness;
export declare const inMemory: Harness;
export declare const flockInMemory: Harness;
