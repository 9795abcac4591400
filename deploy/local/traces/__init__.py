"""The local stack's trace page: takes spans by OTLP over HTTP, keeps them, shows waterfalls."""
