"""The local stack's trace page: keeps spans that come by OTLP, draws waterfalls and dashboards."""
