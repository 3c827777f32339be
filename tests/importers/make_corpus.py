"""Writes the corpus again: every file, and beside it how it should be read.

    python -m tests.importers.make_corpus

Needs what the tests do not: LibreOffice (``apt-get install libreoffice-calc-nogui``) and the
packages odfpy, xlwt and msoffcrypto-tool. The files are kept in the repository, so this runs only
when a file is added. Look at the difference before committing it.
"""

from __future__ import annotations

from tests.importers import corpus_books, corpus_text

if __name__ == "__main__":
    corpus_text.make()
    corpus_books.make()
