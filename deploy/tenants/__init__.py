"""The tenants and their question banks as data: files, and how they are read."""

from deploy.tenants.bank import BANKS, Bank, questions, skills
from deploy.tenants.source import BadFileError
from deploy.tenants.tenant import FOLDER, TenantFile, load, load_all

__all__ = [
    "BANKS",
    "FOLDER",
    "BadFileError",
    "Bank",
    "TenantFile",
    "load",
    "load_all",
    "questions",
    "skills",
]
