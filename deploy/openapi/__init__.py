"""One OpenAPI document and one route table out of the services' own documents."""

from deploy.openapi.collect import schemas
from deploy.openapi.compare import breaking
from deploy.openapi.merge import ConflictError, merge
from deploy.openapi.table import route_table

__all__ = ["ConflictError", "breaking", "merge", "route_table", "schemas"]
