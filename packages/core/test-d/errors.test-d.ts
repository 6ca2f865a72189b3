import { type BufferFault, type ErrorCode, isBufferError } from "@sluice/core";
import { expectTypeOf, test } from "vitest";

test("isBufferError narrows what was caught", () => {
  const caught: unknown = new Error();
  if (isBufferError(caught, "BUFFER_SEALED")) {
    expectTypeOf(caught).toEqualTypeOf<BufferFault>();
    expectTypeOf(caught.code).toEqualTypeOf<ErrorCode>();
  }
});

test("a code that does not exist is refused", () => {
  // @ts-expect-error -- spelt wrong
  isBufferError(new Error(), "BUFFER_SEELED");
});
