/**
 * Named instants in an adapter at which a test may stop or kill the process. A test process puts its hook on the global
 * object before it imports the adapter; everybody else runs an empty function, which the compiler removes.
 */

const hook: unknown = Reflect.get(globalThis, Symbol.for("@sluice/core.failpoint"));

/**
 * Marks an instant at which a crash would hurt most. Put it into the adapter, and its name into the contract's harness: the
 * driver kills and stops processes there.
 *
 * @param name - the adapter's own, such as `file.after-link`.
 */
export const failpoint: (name: string) => void =
  typeof hook === "function" ? (hook as (name: string) => void) : () => {};
