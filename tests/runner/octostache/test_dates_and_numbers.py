"""Numbers and dates as .NET reads and prints them in the invariant culture."""

import pytest

from runner.octostache import Variables


def apply(value: str, call: str) -> str | None:
    result = Variables({"V": value, "F": call.partition("'")[2].removesuffix("'")})
    words = call.partition("'")[0]
    return result.evaluate(f"#{{V | {words}#{{F}}}}" if "'" in call else f"#{{V | {call}}}").text


@pytest.mark.parametrize(
    ("value", "call", "result"),
    [
        ("1234.5", "Format 'C'", "¤1,234.50"),
        ("-1234.5", "Format 'C0'", "(¤1,235)"),
        ("-0.004", "Format 'F2'", "0.00"),
        ("-0.004", "Format double 'F2'", "-0.00"),
        ("0.125", "Format 'F2'", "0.13"),
        ("0.125", "Format double 'F2'", "0.12"),
        ("1e-7", "Format double 'R'", "1E-07"),
        ("123456789012345", "Format double 'G'", "123456789012345"),
        ("1234567890123456", "Format double 'G'", "1.234567890123456E+15"),
        ("1.10", "Format 'G'", "1.10"),
        ("100", "Format 'G1'", "1E+02"),
        ("-255", "Format int 'X'", "FFFFFF01"),
        ("5", "Format int 'b8'", "00000101"),
        ("-5", "Format int 'D3'", "-005"),
        ("0.5", "Format 'P0'", "50 %"),
        ("1234567.891", "Format '#,##0.00'", "1,234,567.89"),
        ("1234567", "Format '#,##0,K'", "1,235K"),
        ("-5", "Format '0;(0);zero'", "(5)"),
        ("0", "Format '0;(0);zero'", "zero"),
        ("0.4", "Format '0;(0);zero'", "zero"),
        ("12345", "Format '0.00E+00'", "1.23E+04"),
        ("42", "Format '00\\-00'", "00-42"),
        ("9.5", "Format '\"a\"#'", "a10"),
    ],
)
def test_numbers(value: str, call: str, result: str) -> None:
    assert apply(value, call) == result


@pytest.mark.parametrize(
    ("value", "call", "result"),
    [
        ("2030-05-22T09:05:00", "AddHours 2", "2030-05-22T11:05:00.0000000"),
        ("2030-05-22 09:05Z", "AddDays -1", "2030-05-21T09:05:00.0000000Z"),
        ("2030-05-22T09:05:00+02:00", "AddHours 2", "2030-05-22T11:05:00.0000000+02:00"),
        ("5/2/2030 1:02 PM", "AddHours 0", "2030-05-02T13:02:00.0000000"),
        ("Wednesday, 22 May 2030", "AddHours 0", "2030-05-22T00:00:00.0000000"),
        ("Wed, 22 May 2030 09:05:00 GMT", "AddHours 0", "2030-05-22T09:05:00.0000000Z"),
        ("22 May 30", "AddHours 0", "2030-05-22T00:00:00.0000000"),
        ("2030-05-22T09:05:00.9999999", "Format 'ss.fffffff'", "00.9999999"),
        ("2030-05-22", "Format 'ddd d MMM yy h:mm t'", "Wed 22 May 30 12:00 A"),
        ("2030-05-22T09:05:00+02:00", "Format 'u'", "2030-05-22 07:05:00Z"),
        ("2030-05-22T09:05:00+02:00", "Format 'K zzz zz z'", "+02:00 +02:00 +02 +2"),
    ],
)
def test_dates(value: str, call: str, result: str) -> None:
    assert apply(value, call) == result


@pytest.mark.parametrize(
    ("value", "call"),
    [
        ("Thu, 22 May 2030", "AddHours 1"),  # that day was a Wednesday
        ("2030-02-30", "AddHours 1"),
        ("22/05/2030", "AddHours 1"),
        ("2030-05-22T25:00", "AddHours 1"),
        ("2030-05-22T09:05+15:00", "AddHours 1"),
        ("9999-12-31", "AddDays 1"),
        ("2030-05-22", "AddDays NaN"),
        ("2030-05-22", "Format 'Q'"),
        ("2030-05-22", "Format ''open'"),
        ("12", "Format 'D2'"),
        ("12", "Format double 'X'"),
        ("1.5", "Format int 'D'"),
    ],
)
def test_no_answer_leaves_the_token(value: str, call: str) -> None:
    assert str(apply(value, call)).startswith("#{V | ")
