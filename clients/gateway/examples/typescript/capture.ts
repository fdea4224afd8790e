// Takes a packet capture through pcaps-gateway: node capture.js TARGET ACCOUNT FILE
import { createHash, randomUUID } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { Pcap_Status, PcapsService } from "./gen/pcaps/v1/pcaps_pb.js";

const LOST = [Code.Unavailable, Code.Canceled, Code.Aborted]; // What Node says of a lost connection.
/** Prints what the gateway says of an error; returns the seconds after which to call again. */
function explain(error: ConnectError): number {
  const [[info], [retry]] = [error.findDetails(ErrorInfoSchema), error.findDetails(RetryInfoSchema)];
  const delay = Number(retry?.retryDelay?.seconds ?? 1) + (retry?.retryDelay?.nanos ?? 0) / 1e9;
  console.error(Code[error.code], `${info?.reason ?? ""}: ${error.rawMessage}`, info?.metadata,
    `request-id: ${error.metadata.get("request-id")} retry after: ${delay}`);
  return delay;
}

/** A stream's messages. Unavailable (STREAM_EXPIRED, DRAINING, a lost connection): call again. */
async function* read<Message>(call: () => AsyncIterable<Message>): AsyncGenerator<Message> {
  for (;;) {
    try {
      return yield* call();
    } catch (reason) { // The gateway's own errors have ErrorInfo.
      const error = ConnectError.from(reason), [info] = error.findDetails(ErrorInfoSchema);
      if (info ? error.code !== Code.Unavailable : !LOST.includes(error.code)) throw error;
      await sleep(1000 * explain(error));
    }
  }
}

async function capture(target: string, accountId: string, path: string): Promise<void> {
  const gateway = createClient(PcapsService, createGrpcTransport({ baseUrl: `http://${target}` }));
  const { id: pcapId } = await gateway.createPcap({
    accountId, requestId: randomUUID(), timeLimit: { seconds: 60n }, filter: { destinationPort: 443 },
    capture: { case: "simple", value: { packetLimit: 100 } },
  });
  console.log("created", pcapId);
  for await (const { event } of read(() => gateway.watchPcap({ accountId, pcapId })))
    if (event.case === "pcap") console.log("status", Pcap_Status[event.value.status].toLowerCase());
  let begin = 0n, readOffset = 0n, ifEtag = ""; // From begin on the file is of the last stream.
  let packets = 0n, sha256 = new Uint8Array() as Uint8Array, file = await open(`${path}.part`, "w");
  for await (const { part } of read(() => gateway.downloadPcap({ accountId, pcapId, readOffset, ifEtag }))) {
    if (part.case === "info") [ifEtag, begin] = [part.value.etag, readOffset];
    if (part.case === "chunk") readOffset += BigInt((await file.write(part.value.data)).bytesWritten);
    if (part.case === "summary") ({ sha256, packets = 0n } = part.value);
  }
  const content = await file.close().then(() => readFile(`${path}.part`));
  const digest = (data: Uint8Array) => createHash("sha256").update(data).digest();
  if (!digest(content.subarray(Number(begin))).equals(sha256)) throw Error(`${path}: wrong sha256`);
  await rename(`${path}.part`, path);
  console.log(`${path}: ${packets} packets, ${readOffset} bytes, sha256 ${digest(content).toString("hex")}`);
}

await capture(...(process.argv.slice(2) as [string, string, string])).catch((error: unknown) => {
  explain(ConnectError.from(error));
  process.exitCode = 1;
});
