"""The parts of .NET's behaviour that the language shows: character classes, casing, formats, dates, addresses."""
