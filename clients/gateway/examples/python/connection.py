"""A channel to a gateway, as every caller needs it."""
import os
from pathlib import Path

import grpc

POLICY = Path(__file__).with_name("service_config.json")


def connect(target: str) -> grpc.Channel:
    """With the client policy; over TLS where GATEWAY_CA_FILE is set, and with GATEWAY_TOKEN then."""
    options = [("grpc.service_config", POLICY.read_text())]
    ca_file, token = os.environ.get("GATEWAY_CA_FILE"), os.environ.get("GATEWAY_TOKEN")
    if not ca_file:
        return grpc.insecure_channel(target, options)
    credentials = grpc.ssl_channel_credentials(Path(ca_file).read_bytes())
    if token:
        caller = grpc.access_token_call_credentials(token)
        credentials = grpc.composite_channel_credentials(credentials, caller)
    return grpc.secure_channel(target, credentials, options)
