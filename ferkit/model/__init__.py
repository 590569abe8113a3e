"""The network: normalisation, backbone, aggregation over three axes, head."""
