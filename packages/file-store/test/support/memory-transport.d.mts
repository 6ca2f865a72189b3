import type { BufferAddress, BufferTransport } from "@sluice/core";

/** A fresh place, if no name is given. */
export function memoryStoreTransport(name?: string): BufferTransport;
export function transportAt(address: BufferAddress): BufferTransport;
