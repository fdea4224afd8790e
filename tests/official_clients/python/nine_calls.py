"""Cloudflare's own Python client makes the nine calls of the PCAPs API: nine_calls.py BASE_URL TOKEN

Ends with 0 if all that it parses is what the API promises."""
import sys
import time
from datetime import UTC, datetime, timedelta

import cloudflare
import httpx

PATIENCE_S = 20  # Until a capture is done.
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
BUCKET = "s3://pcaps-bucket/captures?region=us-east-1"
ABSENT = "0" * 32
NOT_FOUND = 1005  # The emulator's code: the API documents none.

base_url, token = sys.argv[1:]
control = base_url.removesuffix("/client/v4") + "/__emulator"
client = cloudflare.Cloudflare(api_token=token, base_url=base_url)
pcaps = client.magic_transit.pcaps


def expect(actual, wanted):
    if actual != wanted:
        raise AssertionError(f"{actual!r} is not {wanted!r}")


def expect_recent(text):
    submitted = datetime.fromisoformat(text)
    expect(abs(datetime.now(UTC) - submitted) < timedelta(minutes=1), True)


def expect_not_found(call):
    """The library raises its class for it, with the API's own code in what it parsed."""
    try:
        call()
    except cloudflare.NotFoundError as error:
        expect(error.errors[0].code, NOT_FOUND)
        expect(error.body["success"], False)
    else:
        raise AssertionError("it was accepted")


def until_done(pcap_id):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        pcap = pcaps.get(pcap_id, account_id=ACCOUNT)
        if pcap.status in ("success", "complete", "failed"):
            return pcap
    raise AssertionError("the capture does not end")


def simple_captures():
    created = pcaps.create(
        account_id=ACCOUNT, type="simple", system="magic-transit", time_limit=60, packet_limit=50,
        filter_v1={"destination_address": "192.0.2.7", "destination_port": 443, "protocol": 6})
    expect((created.type, created.system, created.status), ("simple", "magic-transit", "pending"))
    expect(created.time_limit, 60)
    expect(created.filter_v1.destination_address, "192.0.2.7")
    expect((created.filter_v1.destination_port, created.filter_v1.protocol), (443, 6))
    expect(created.filter_v1.source_port, None)
    expect(isinstance(created.offset_time, datetime), True)
    expect_recent(created.submitted)

    done = until_done(created.id)
    expect((done.id, done.status, done.submitted), (created.id, "success", created.submitted))

    download = pcaps.download.get(created.id, account_id=ACCOUNT)
    expect(download.headers["content-type"], "application/vnd.tcpdump.pcap")
    content = download.read()
    expect(content[:4].hex(), "d4c3b2a1")
    expect(len(content) > 24 + 50 * 16, True)
    expect_not_found(lambda: pcaps.get(ABSENT, account_id=ACCOUNT))
    return created.id


def full_captures():
    created = pcaps.create(
        account_id=ACCOUNT, type="full", system="magic-transit", time_limit=3600, colo_name="ord02",
        destination_conf=BUCKET, byte_limit=1_000_000, packet_limit=1000)
    expect((created.type, created.system), ("full", "magic-transit"))
    expect((created.colo_name, created.destination_conf), ("ord02", BUCKET))
    expect(created.byte_limit, 1_000_000)
    expect(created.packets_captured, 0)
    expect(pcaps.stop(created.id, account_id=ACCOUNT), None)
    stopped = until_done(created.id)
    expect(stopped.status, "success")
    expect_recent(stopped.stop_requested.isoformat())
    return created.id


def lists(*ids):
    page = pcaps.list(account_id=ACCOUNT)
    expect([each.id for each in page], list(reversed(ids)))
    expect([each.type for each in page.result], ["full", "simple"])
    expect(list(pcaps.list(account_id="nobody")), [])


def ownerships():
    ownership, bucket = pcaps.ownership, {"account_id": ACCOUNT, "destination_conf": BUCKET}
    added = ownership.create(**bucket)
    expect((added.destination_conf, added.status), (BUCKET, "pending"))
    expect(added.filename, f"ownership-challenge-{added.id}.txt")
    expect(not added.validated, True)
    expect_recent(added.submitted)
    expect([each.id for each in ownership.get(account_id=ACCOUNT)], [added.id])

    challenge = httpx.get(f"{control}/challenge", params={"account": ACCOUNT, "id": added.id}).text
    refused = ownership.validate(**bucket, ownership_challenge="no")
    expect(refused.status, "failed")
    valid = ownership.validate(**bucket, ownership_challenge=challenge)
    expect((valid.id, valid.status), (added.id, "success"))
    expect_recent(valid.validated)

    expect(ownership.delete(added.id, account_id=ACCOUNT), None)
    expect(list(ownership.get(account_id=ACCOUNT)), [])
    expect_not_found(lambda: ownership.delete(added.id, account_id=ACCOUNT))


def retries(pcap_id):
    """The library calls again after a 503 and sees nothing of it."""
    fault = {"endpoint": "get_pcap", "fault": "status", "status": 503, "count": 2}
    httpx.post(f"{control}/faults", json=fault).raise_for_status()
    expect(pcaps.get(pcap_id, account_id=ACCOUNT).id, pcap_id)


simple = simple_captures()
full = full_captures()
lists(simple, full)
ownerships()
retries(simple)
