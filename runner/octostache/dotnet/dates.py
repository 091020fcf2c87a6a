"""Dates (first part: what JSON needs)."""
from dataclasses import dataclass

@dataclass(frozen=True)
class DateValue:
    def general_text(self) -> str: return ""
    def json_text(self) -> str: return ""

def parse_iso_date(text: str) -> DateValue | None:
    return None
