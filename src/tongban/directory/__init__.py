"""What everybody may look up: regions, agencies, institutions, diseases, catalogues. Knows no person."""

from tongban.directory.model import (
    HOSPITAL_LEVELS,
    NATION,
    AgencyPhone,
    CatalogItem,
    CatalogKind,
    ChronicDisease,
    FilingLevel,
    Institution,
    InstitutionKind,
    OpenRegion,
    Province,
    Region,
)
from tongban.directory.regions import Regions, pool_of
from tongban.directory.service import (
    agency_phones,
    all_regions,
    catalog_items,
    chronic_diseases,
    institution,
    open_regions,
    search_catalog,
    search_institutions,
)

__all__ = [
    "HOSPITAL_LEVELS",
    "NATION",
    "AgencyPhone",
    "CatalogItem",
    "CatalogKind",
    "ChronicDisease",
    "FilingLevel",
    "Institution",
    "InstitutionKind",
    "OpenRegion",
    "Province",
    "Region",
    "Regions",
    "agency_phones",
    "all_regions",
    "catalog_items",
    "chronic_diseases",
    "institution",
    "open_regions",
    "pool_of",
    "search_catalog",
    "search_institutions",
]
