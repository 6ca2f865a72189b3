/** What `@sluice/core` exports, and nothing else. */

export { type BoundedBuffer, PRODUCER_ID_CHARACTERS_MAX, type SealOptions } from "./buffer.js";
export {
  type BufferSettings,
  type BufferSpec,
  type BufferWishes,
  completeSpec,
  countFrom,
  FAILURES_MAX_DEFAULT,
  ITEM_BYTES_MAX_DEFAULT,
  specDifferences,
} from "./buffer-spec.js";
export {
  type BytesCodec,
  bytes,
  type Codec,
  type JsonCodec,
  json,
  type StructuredCodec,
  structured,
} from "./codec.js";
export type { JsonSafe, StructuredSafe } from "./codec-types.js";
export type { Consumer, ConsumerOptions, LeaseOptions, TryLeaseOptions } from "./consumer.js";
export {
  type CreateOptions,
  createBuffer,
  type OpenOptions,
  openAddress,
  openBuffer,
  openOrCreateBuffer,
} from "./create-buffer.js";
export type { BuriedItem, DeadLetters, ListOptions } from "./dead-letters.js";
export type { WaitOptions } from "./deadline.js";
export { ENVELOPE_BYTES_MAX, type Headers, partsOf, withEnvelope } from "./envelope.js";
export {
  BufferError,
  type BufferErrorOptions,
  type BufferFault,
  type Effect,
  ERROR_CODES,
  type ErrorCode,
  isBufferError,
  isWrongUse,
  outOfRange,
  show,
  UndecodableItemError,
  wrongType,
} from "./errors.js";
export { failpoint } from "./failpoint.js";
export { type HandleOptions, LEASE_MS_DEFAULT, WAITERS_MAX_DEFAULT } from "./handle.js";
export type { Lease, NackOptions } from "./lease.js";
export { keepLease } from "./lease-renewal.js";
export type { WaitHooks } from "./line-work.js";
export { checkOptions } from "./options.js";
export * from "./orchestrator/index.js";
export type { Producer, ProducerOptions, PutOptions, TryPutOptions } from "./producer.js";
export type { TryPutResult } from "./put-call.js";
export type { StampPutTime } from "./put-stamps.js";
export type { TakeResult } from "./take-call.js";
export * from "./transport.js";
export { untilNotBusy } from "./until-not-busy.js";
