"""What became of one request, told to the budget's file."""

from collections.abc import Callable
from contextlib import suppress

from mixpanel_data._internal.budget_books import ON_THE_WIRE, Books
from mixpanel_data._internal.budget_file import BudgetFile
from mixpanel_data._internal.budget_refusals import note_refusal
from mixpanel_data._internal.budget_turns import Bucket
from mixpanel_data._internal.budget_wait import Patience
from mixpanel_data.exceptions import MixpanelDataError, RateLimitError


class Record:
    """The account of request ``number``, let go at ``granted``."""

    def __init__(
        self, file: BudgetFile, bucket: Bucket, number: int, granted: float, patience: Patience
    ) -> None:
        self._file = file
        self._bucket = bucket
        self._number = number
        self._granted = granted
        self._patience = patience

    def sent(self) -> None:
        """The request has left."""
        self._note(lambda books: books.reached(self._number, ON_THE_WIRE))

    def withdraw(self) -> None:
        """The request never left this machine, so it costs nothing."""
        self._note(lambda books: books.withdraw(self._number))

    def succeeded(self) -> None:
        """Mixpanel answered it with 200."""

        def note(books: Books) -> None:
            books.reached(self._number)
            books.succeed(self._bucket.name, self._granted)

        self._note(note)
        self._patience.renew(self._bucket.name)

    def failed(self, error: BaseException) -> None:
        """It was refused, or came to nothing."""

        def note(books: Books) -> None:
            books.reached(self._number)
            if isinstance(error, RateLimitError):
                note_refusal(books, self._bucket.name, self._granted, error)
                self._bucket.refused(books)

        self._note(note)
        if isinstance(error, RateLimitError):
            self._patience.use(self._bucket.name, self._granted)

    def _note(self, note: Callable[[Books], None]) -> None:
        # An answer is not lost because the disk is full: what is not noted counts for longer.
        with suppress(MixpanelDataError):
            self._file.run(note)
