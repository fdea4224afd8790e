"""Takes a packet capture through pcaps-gateway: capture.py TARGET ACCOUNT FILE"""
import hashlib
import sys
import time
import uuid
from pathlib import Path

import grpc
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status
from connection import connect
from pcaps.v1 import pcaps_pb2 as pb, pcaps_pb2_grpc as stubs


def explain(error: grpc.Call) -> float:
    """Prints what the gateway says of an error; returns the seconds after which to call again."""
    status, info, retry = rpc_status.from_call(error), ErrorInfo(), RetryInfo()
    for detail in status.details if status else ():
        detail.Unpack(info) or detail.Unpack(retry)
    request_id = dict(error.trailing_metadata() or ()).get("request-id")
    print(error.code().name, f"{info.reason}: {error.details()}", dict(info.metadata),
          f"request-id: {request_id} retry after: {retry.retry_delay.seconds}", file=sys.stderr)
    return retry.retry_delay.ToTimedelta().total_seconds() or 1


def read(call, request):
    """A stream's messages. UNAVAILABLE (STREAM_EXPIRED, DRAINING, lost connection): call again."""
    while True:
        try:
            return (yield from call(request))
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(explain(error))


try:
    target, account, path = sys.argv[1:]
    gateway = stubs.PcapsServiceStub(connect(target))
    pcap = gateway.CreatePcap(pb.CreatePcapRequest(account_id=account, request_id=str(uuid.uuid4()),
        time_limit={"seconds": 60}, filter={"destination_port": 443}, simple={"packet_limit": 100}))
    print("created", pcap.id, flush=True)
    ids = {"account_id": account, "pcap_id": pcap.id}
    for pcap in (event.pcap for event in read(gateway.WatchPcap, pb.WatchPcapRequest(**ids))):
        if pcap.id:  # Not so in a heartbeat.
            print("status", pb.Pcap.Status.Name(pcap.status)[len("STATUS_"):].lower(), flush=True)
    file, rest = open(path + ".part", "w+b"), pb.DownloadPcapRequest(**ids)  # What is missing yet.
    for part in read(gateway.DownloadPcap, rest):
        if part.HasField("info"):
            rest.if_etag, begin = part.info.etag, rest.read_offset
        rest.read_offset += file.write(part.chunk.data)
    file.seek(begin)
    if hashlib.sha256(file.read()).digest() != part.summary.sha256:  # Of the last stream.
        sys.exit(f"{file.name} is not what was sent")
    sha256 = hashlib.sha256(Path(file.name).rename(path).read_bytes()).hexdigest()
    print(f"{path}: {part.summary.packets} packets, {rest.read_offset} bytes, sha256 {sha256}")
except grpc.RpcError as error:
    explain(error)
    sys.exit(1)
