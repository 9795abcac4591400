"""MongoDB, for one tenant at a time; the only package that imports the database driver."""

from shared.store.aggregates import AlreadyExists, Store
from shared.store.database import Database, Index, Indexed
from shared.store.files import File, FileKeys, Files, SealedFiles
from shared.store.lookups import Buried
from shared.store.projections import Projection

__all__ = [
    "AlreadyExists",
    "Buried",
    "Database",
    "File",
    "FileKeys",
    "Files",
    "Index",
    "Indexed",
    "Projection",
    "SealedFiles",
    "Store",
]
