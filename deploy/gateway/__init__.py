"""The gateway: what Envoy is told, generated from the services' routes and free of tenants."""
