"""From the bytes of a catalogue file to its text. What is not UTF-8 is told what it is instead, and
how to save it: nobody guesses at letters that customers will read."""

from ops.stock.catalogue_problems import CatalogueError, Problem

MAX_BYTES = 20_000_000
HOW_TO_SAVE = 'save it as "CSV UTF-8 (comma delimited)"'
_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32 text",
    b"\x00\x00\xfe\xff": "UTF-32 text",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a spreadsheet (such as .xlsx or .ods)",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (.xls)",
    b"%PDF": "a PDF",
}
# Enough to see how a text is written.
_LOOK_AT = 400
# Words that say where in a line something is.
_BEFORE = 20


def text_of(data: bytes) -> str:
    """The text of a file.

    Raises:
        CatalogueError: it is too long, or not UTF-8 text; names line and byte.
    """
    if len(data) > MAX_BYTES:
        raise _refused(1, f"the file must have at most {MAX_BYTES} bytes")
    if kind := _kind_of(data):
        raise _refused(1, f"the file is {kind}, it must be UTF-8 text: {HOW_TO_SAVE}")
    if (nul := data.find(0)) >= 0:
        raise _refused(*_place(data, nul, "is NUL, which is no text"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Offsets in `error` are without the byte order mark.
        skipped = len(data) - len(error.object)
        rule = f"is not UTF-8: {HOW_TO_SAVE}"
        raise _refused(*_place(data, error.start + skipped, rule)) from None


def _kind_of(data: bytes) -> str:
    for mark, kind in _MARKS.items():
        if data.startswith(mark):
            return kind
    start = data[:_LOOK_AT]
    # Without a mark: every other byte of what is mostly ASCII is NUL.
    for half in (start[::2], start[1::2]):
        if len(half) > 1 and half.count(0) * 2 > len(half):
            return "UTF-16 or UTF-32 text"
    return ""


def _place(data: bytes, at: int, rule: str) -> tuple[int, str]:
    """The line of a byte, as an editor counts, and a sentence about the byte."""
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    line = before.rpartition(b"\n")[2].removeprefix(b"\xef\xbb\xbf")
    seen = line.decode(errors="replace")[-_BEFORE:]
    where = f' after "{seen}"' if seen else ""
    return before.count(
        b"\n"
    ) + 1, f"byte {len(line) + 1} of the line (0x{data[at]:02X}){where} {rule}"


def _refused(line: int, rule: str) -> CatalogueError:
    return CatalogueError([Problem(line, "", rule)])
