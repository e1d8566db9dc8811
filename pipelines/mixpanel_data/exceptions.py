"""Every error of the library. Catch :class:`MixpanelDataError` for all; branch on type or ``code``, never on text."""
