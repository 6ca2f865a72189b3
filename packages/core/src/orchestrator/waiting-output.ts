/**
 * Makes writes to a pipe wait for its reader, as they do in other languages. Node keeps what a full pipe does not take in memory until the
 * program awaits something: whoever prints a gigabyte before that needs a gigabyte, or is ended by `write ENOBUFS`.
 *
 * Node has no public way to ask for it. This one is that of the package set-blocking, which command lines use.
 */
export function waitForReader(stream: NodeJS.WriteStream): void {
  const handle: unknown = Reflect.get(stream, "_handle");
  if (hasSetBlocking(handle)) handle.setBlocking(true);
}

function hasSetBlocking(handle: unknown): handle is { setBlocking(isBlocking: boolean): void } {
  return typeof handle === "object" && handle !== null && "setBlocking" in handle;
}
