"""Messages to people when a run fails, crashes or is late, and when the data are not fresh."""
