// A codec of its own: upper case on the way in.
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const codec = {
  name: "shout",
  encode: (value) => encoder.encode(value.toUpperCase()),
  decode: (bytes) => decoder.decode(bytes),
};

export default function shout(_first, second) {
  return second === undefined ? ["a", "b"] : undefined;
}
