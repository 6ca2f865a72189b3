/**
 * What client and broker say to each other: all that encodes and decodes, packets, requests and replies. PROTOCOL.md tells it to whoever writes a client
 * in another language.
 *
 *     packet of a client   "SLZ" version (1) | flags (1) | seen (8) | [ client id (16) ] | requests
 *     packet of the broker "SLZ" version (1) | broker id (8)  | replies
 *     request              length (4) | kind (1) | request id (8) | body
 *     reply                length (4) | status (1) | request id (8) | body
 *
 * Numbers are little-endian; ids, sequences and times are doubles that hold integers. `length` counts what stands behind it.
 */

export type { Opened } from "./opened.js";
export * from "./packets.js";
export * from "./protocol-numbers.js";
export * from "./replies.js";
export * from "./requests.js";
