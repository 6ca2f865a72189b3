/** A promise that is settled from outside: `Promise.withResolvers`, which Node 20 does not have. Never unhandled. */

export interface OpenPromise<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function openPromise<T>(): OpenPromise<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  // Whoever awaits it may come late, or not at all where something else failed before.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
