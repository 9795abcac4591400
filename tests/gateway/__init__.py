"""The gateway's promises, kept by a real Envoy in front of small upstream servers."""
