/** Handles whose pending calls may be abandoned: when a rule fails in the middle, nobody is left to hear what becomes of them. */

import type { BoundedBuffer } from "@sluice/core";

/** The same handle; promises that its methods return count as handled, and so do those of its producers and consumers. */
export function quietBuffer<T>(buffer: BoundedBuffer<T>): BoundedBuffer<T> {
  return quiet(buffer, new Set(["producer", "consumer"]));
}

/** A promise that may be abandoned. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function quiet<H extends object>(handle: H, makers: ReadonlySet<unknown> = new Set()): H {
  return new Proxy(handle, {
    get(target, name) {
      // With the target as `this`: a private field is not seen through a proxy.
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, args);
        if (!(result instanceof Promise)) return result;
        return handled(makers.has(name) ? result.then((made: object) => quiet(made)) : result);
      };
    },
  });
}
