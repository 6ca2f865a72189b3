import type { BufferAddress, BufferPort } from "@sluice/core";

/** Opens the store whose path, and perhaps whose id, the address names. */
export function openAt(address: BufferAddress): Promise<BufferPort>;
