/**
 * Lets a test act at a named instant inside an operation. Imported before the transport, because core looks for the hook once.
 */

type Act = () => void;

const armed = new Map<string, Act[]>();

Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), (name: string) => {
  const acts = armed.get(name);
  const act = acts?.shift();
  if (acts?.length === 0) armed.delete(name);
  act?.();
});

/** Acts at the next passing of the failpoint, once: what the act itself does passes it by. */
export function once(name: string, act: Act): void {
  armed.set(name, [...(armed.get(name) ?? []), act]);
}

/** Names of the failpoints that nothing came by. A test that ends with any has not tested what it says. */
export function neverPassed(): string[] {
  const names = [...armed.keys()];
  armed.clear();
  return names;
}
