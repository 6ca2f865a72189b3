/** Handles whose pending calls may be abandoned: when a rule fails in the middle, nobody is left to hear what becomes of them. */

import type { BoundedBuffer } from "@sluice/core";

/** Waits for what is made, in its time. @param what - is made. */
export type InItsTime = <T>(making: Promise<T>, what: string) => Promise<T>;

const MAKERS: ReadonlySet<unknown> = new Set(["producer", "consumer"]);

/**
 * The same handle; promises that its methods return count as handled, and so do those of its producers and consumers, which come in
 * their time.
 */
export function quietBuffer<T>(buffer: BoundedBuffer<T>, inItsTime: InItsTime): BoundedBuffer<T> {
  return quiet(buffer, (name, result) =>
    MAKERS.has(name)
      ? inItsTime(
          result.then((made) => quiet(made as object)),
          `${String(name)}()`,
        )
      : result,
  );
}

/** A promise that may be abandoned. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

type Change = (name: string | symbol, result: Promise<unknown>) => Promise<unknown>;

function quiet<H extends object>(handle: H, change: Change = (_, result) => result): H {
  return new Proxy(handle, {
    get(target, name) {
      // With the target as `this`: a private field is not seen through a proxy.
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(member, target, args);
        return result instanceof Promise ? handled(change(name, result)) : result;
      };
    },
  });
}
