/** JSON that refuses what it would otherwise lose in silence. */

const encoder = new TextEncoder();
// A byte order mark is no JSON, and invalid UTF-8 is an error instead of a replacement character.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws TypeError or RangeError saying where in the value the trouble is. */
export function encodeJson(value: unknown): Uint8Array {
  // First, because it is what finds the cycles; afterwards the value can be walked to its end.
  const text = JSON.stringify(value);
  checkJson(value, "");
  return encoder.encode(text);
}

/** An object from it has its own `__proto__` where the text says so: a property like any other, never a prototype. */
export function decodeJson(bytes: Uint8Array): never {
  return JSON.parse(decoder.decode(bytes)) as never;
}

function checkJson(value: unknown, path: string): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) throw lossy(path, String(value));
      return;
    case "object":
      break;
    default:
      throw lossy(path, value === undefined ? "undefined" : `a ${typeof value}`);
  }
  if (value === null) return;
  if (Array.isArray(value)) {
    // By index, because a hole would become null.
    for (let index = 0; index < value.length; index += 1) checkJson(value[index], `${path}[${index}]`);
    return;
  }
  if (ArrayBuffer.isView(value)) throw lossy(path, "bytes: use the codec `bytes` or `structured`");
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    checkToJson(value, path);
    return;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const tag = Object.prototype.toString.call(value);
    if (tag !== "[object Object]") throw lossy(path, tag.slice("[object ".length, -1));
  }
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, symbol)) throw lossy(path, "symbol for a name");
  }
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    if (part !== undefined) checkJson(part, `${path}.${key}`);
  }
}

/** What `toJSON` gives is as good as the value itself: that is what is in the text. */
function checkToJson(value: object, path: string): void {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "number" && !Number.isFinite(part)) throw lossy(path, String(part));
    if (typeof part === "function" || typeof part === "symbol") throw lossy(path, `a ${typeof part}`);
    return part;
  });
  if (text === undefined) throw lossy(path, "a toJSON that returns nothing");
}

function lossy(path: string, what: string): TypeError {
  return new TypeError(`JSON has no ${what}${path === "" ? "" : ` (at ${path.replace(/^\./, "")})`}`);
}
