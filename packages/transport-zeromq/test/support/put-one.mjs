// A child that opens a buffer by its address alone, and puts one item. Exit code 1 where it is not let in.
import { isBufferError, openAddress } from "@sluice/core";

try {
  const buffer = await openAddress(JSON.parse(process.argv[2] ?? ""));
  await (await buffer.producer()).put("one");
  await buffer.close();
} catch (error) {
  // Where the keys are not known, or not here.
  if (!isBufferError(error, "PERMISSION_DENIED") && !isBufferError(error, "INVALID_ARGUMENT")) throw error;
  process.exitCode = 1;
}
