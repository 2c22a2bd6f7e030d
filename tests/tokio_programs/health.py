"""Calls of the gRPC health service, and its stream: PORT CERTIFICATE."""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

port, certificate = sys.argv[1:]
with open(certificate, "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())
SERVING = health_pb2.HealthCheckResponse.SERVING
with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
    health = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service="example")
    for _ in range(1000):
        assert health.Check(request, timeout=60).status == SERVING
    watched = health.Watch(request, timeout=60)
    assert next(watched).status == SERVING
    watched.cancel()
