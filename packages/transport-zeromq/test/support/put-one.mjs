// A child that opens a buffer by its address alone, and puts one item. Exit code 1 where it is not let in.
import { isBufferError, openAddress } from "@sluice/core";

try {
  const buffer = await openAddress(JSON.parse(process.argv[2] ?? ""));
  await (await buffer.producer()).put("one");
  await buffer.close();
} catch (error) {
  if (!isBufferError(error, "PERMISSION_DENIED")) throw error;
  process.exitCode = 1;
}
