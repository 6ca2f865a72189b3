// What is printed of where a buffer is.
import { expect, test } from "vitest";
import { withoutSecrets } from "../dist/place.js";

test.each([
  ["redis://:secret@127.0.0.1:6379#demo", "redis://127.0.0.1:6379#demo"],
  ["nats://me:secret@a:4222,nats://me:secret@b:4222#demo", "nats://a:4222,nats://b:4222#demo"],
  ["nats://a:4222,tls://me:sec@ret@b#my@demo", "nats://a:4222,tls://b#my@demo"],
  ["tcp://127.0.0.1:*", "tcp://127.0.0.1:*"],
])("%s is printed without users and passwords", (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});
