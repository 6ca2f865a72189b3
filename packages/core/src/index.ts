/** What `@sluice/core` exports, and nothing else. */

export {
  type BufferSettings,
  type BufferSpec,
  type BufferWishes,
  completeSpec,
  countFrom,
  FAILURES_MAX_DEFAULT,
  ITEM_BYTES_MAX_DEFAULT,
} from "./buffer-spec.js";
export { ENVELOPE_BYTES_MAX, type Headers } from "./envelope.js";
export {
  BufferError,
  type BufferErrorOptions,
  type BufferFault,
  type Effect,
  ERROR_CODES,
  type ErrorCode,
  isBufferError,
  outOfRange,
  show,
  UndecodableItemError,
  wrongType,
} from "./errors.js";
export { failpoint } from "./failpoint.js";
export * from "./transport.js";
