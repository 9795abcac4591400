"""The same durable work by Celery, Dramatiq and taskiq: a message, one write, the ack after it."""
