/** What comes next, at once where it can. */

import type { MaybePromise } from "@sluice/core";

export function then<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
