"""Runs as `pdf_child.py TEMPLATE`, after child_start.py: reads JSON on standard input, writes the PDF on standard output."""

import sys
from pathlib import Path

import typst


def main() -> None:
    """Compile the template; its data comes in as the system input `data`."""
    template = Path(sys.argv[1])
    content = typst.compile(
        str(template),
        root=str(template.parent),
        sys_inputs={"data": sys.stdin.buffer.read().decode()},
        pdf_standards=["a-2a", "ua-1"],
    )
    sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()
