import type { BufferTransport } from "@sluice/core";

export function racyFileTransport(options: { path: string; locked: boolean }): BufferTransport;
